"""A file under a temporary name: written at will, given its own name in one step, or gone."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from types import TracebackType
from typing import Self

from pybackup.errors import EnvironmentFailed, Exists

from .check_outputs import check_outputs
from .environment import environment, make_directory
from .readers import ANYONE, Readers
from .temporaries import create, open_claimed, open_new, publish, remove
from .write_at import write_at

_BUFFER_BYTES = 1 << 20
_COPY_BYTES = 1 << 20


class Scratch:
    """A file under a temporary name, for its owner only, which is gone when it is discarded.

    Used as a context manager it is discarded at the end, if it was not given a name. What a killed run left, a later
    one removes.

    Parameters
    ----------
    directory
        Where it lies; made where it is missing.

    Raises
    ------
    EnvironmentFailed
        It cannot be made.
    """

    def __init__(self, directory: bytes) -> None:
        self._buffer = bytearray()
        self._flushed = 0
        self._is_dressed = False
        self._open, self._dir_fd = False, -1
        make_directory(directory)
        try:
            with environment(directory):
                self._dir_fd = open_claimed(directory)
                self._name, self._fd = create(self._dir_fd, lambda free: open_new(free, self._dir_fd))
                self._open = True
        except BaseException:
            if self._open:
                self.discard()  # Ctrl-C came when the file was there already
            elif self._dir_fd >= 0:
                os.close(self._dir_fd)
            raise
        self.temporary = os.path.join(directory, self._name)

    @property
    def path(self) -> bytes:
        """What it is called."""
        return self.temporary

    def tell(self) -> int:
        """Offset of the next byte."""
        return self._flushed + len(self._buffer)

    def write(self, data: bytes) -> None:
        """Append ``data``."""
        self._buffer += data
        if len(self._buffer) >= _BUFFER_BYTES:
            self.flush()

    def patch(self, offset: int, data: bytes) -> None:
        """Overwrite bytes that were appended before."""
        if offset >= self._flushed:
            start = offset - self._flushed
            self._buffer[start : start + len(data)] = data
            return
        self.flush()
        with environment(self.temporary):
            os.pwrite(self._fd, data, offset)

    def write_at(self, offset: int, data: bytes) -> None:
        """Write ``data`` at any offset; the file grows where it is too short."""
        self.flush()
        with environment(self.temporary):
            write_at(self._fd, offset, data)
        self._flushed = max(self._flushed, offset + len(data))

    def hurry(self, offset: int, count: int) -> None:
        """Let the system begin to write a stretch to the medium, so that `sync` need not wait for all of it."""
        with contextlib.suppress(OSError):
            os.posix_fadvise(self._fd, offset, count, os.POSIX_FADV_DONTNEED)

    def truncate(self, offset: int) -> None:
        """Forget everything from ``offset`` on, or go on from there behind zeros."""
        self.flush()
        with environment(self.temporary):
            os.ftruncate(self._fd, offset)
        self._flushed = offset

    def flush(self) -> None:
        """Hand what is buffered to the system."""
        with environment(self.temporary):
            write_at(self._fd, self._flushed, bytes(self._buffer))
        self._flushed += len(self._buffer)
        self._buffer.clear()

    def sync(self) -> None:
        """Flush, and wait until the medium has it."""
        self.flush()
        with environment(self.temporary):
            os.fsync(self._fd)

    def take_after(self, path: bytes) -> None:
        """Take the mode of a file that this one replaces, and its owner where that is allowed."""
        with environment(self.temporary):
            status = os.stat(path)
            with contextlib.suppress(PermissionError):
                os.fchown(self._fd, status.st_uid, status.st_gid)
            os.fchmod(self._fd, stat.S_IMODE(status.st_mode))
        self._is_dressed = True

    def publish_as(self, path: bytes, *, replace: bool = False, readers: Readers = ANYONE) -> None:
        """Give the file its final name; everything is on the medium before and after.

        Parameters
        ----------
        replace
            A file that has this name is replaced.
        readers
            Who may read it from now on.

        Raises
        ------
        Exists, UsageError
            As `check_outputs`, though it may be that only now the name is taken.
        EnvironmentFailed
            It cannot be written.
        """
        with environment(self.temporary):
            if not self._is_dressed:
                os.fchmod(self._fd, readers.mode(os.fstat(self._fd).st_gid))
        self.sync()
        make_directory(os.path.dirname(path) or b".")
        check_outputs([path], replace=replace)
        try:
            with environment(path):
                self._give_name(path, replace=replace, readers=readers)
        except EnvironmentFailed as error:
            if isinstance(error.__cause__, FileExistsError):
                raise Exists(f"{os.fsdecode(path)}: exists") from error
            raise
        self._close()

    def _give_name(self, path: bytes, *, replace: bool, readers: Readers) -> None:
        directory, name = os.path.split(path)
        to_fd = os.open(directory or b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            publish(self._dir_fd, self._name, name, replace=replace, to_fd=to_fd)
            os.fsync(to_fd)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy_across(path, replace=replace, readers=readers)
        finally:
            os.close(to_fd)

    def _copy_across(self, path: bytes, *, replace: bool, readers: Readers) -> None:
        with Scratch(os.path.dirname(path) or b".") as copy:
            offset = 0
            while data := os.pread(self._fd, _COPY_BYTES, offset):
                copy.write(data)
                offset += len(data)
            if self._is_dressed:
                copy.take_after(self.temporary)
            copy.publish_as(path, replace=replace, readers=readers)
        remove(self._dir_fd, self._name)

    def discard(self) -> None:
        """Remove the temporary; harmless when published."""
        if self._open:
            remove(self._dir_fd, self._name)
            self._close()

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._fd)
            os.close(self._dir_fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()
