"""Archives as files: read at an offset, written under a temporary name, published by one rename."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pybackup.errors import EnvironmentFailed, Exists, UsageError
from pybackup.sector import SECTOR

from .drives import why_not_opened
from .paths import open_seekable
from .readers import ANYONE, Readers
from .staging import create, open_claimed, open_new, publish, remove

_BUFFER_BYTES = 1 << 20
_COPY_BYTES = 1 << 20


@contextlib.contextmanager
def environment(path: bytes) -> Iterator[None]:
    """Turn an `OSError` of the block into `EnvironmentFailed` that names ``path`` and what to do."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFailed(f"{os.fsdecode(path)}: {error.strerror or error}{_advice(error)}") from error


def _advice(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "; free some space there, or write elsewhere"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "; choose a place you may write to"
    return ""


def make_directory(path: bytes) -> None:
    """Make a directory, and those above it, where they are missing.

    Raises
    ------
    EnvironmentFailed
        It cannot be made.
    """
    with environment(path):
        os.makedirs(path, exist_ok=True)


class ArchiveFile:
    """An archive, an image or a device, read at any offset.

    Raises
    ------
    UsageError
        It does not exist, or is neither a regular file nor a block device.
    EnvironmentFailed
        It may not be read.
    """

    def __init__(self, path: bytes) -> None:
        self.path = path
        try:
            self._fd = open_seekable(path)
        except FileNotFoundError as error:
            raise UsageError(f"{os.fsdecode(path)}: {why_not_opened(path, error)}") from error
        except OSError as error:
            raise EnvironmentFailed(f"{os.fsdecode(path)}: {why_not_opened(path, error)}") from error
        self.size = os.lseek(self._fd, 0, os.SEEK_END)

    @property
    def written(self) -> float:
        """When it was written last, in seconds since the epoch."""
        return os.fstat(self._fd).st_mtime

    @property
    def is_drive(self) -> bool:
        """Whether it is a drive or the like: a block device."""
        return stat.S_ISBLK(os.fstat(self._fd).st_mode)

    @property
    def stretches(self) -> list[tuple[int, int]]:
        """Where there are bytes: start and end of each stretch; here all is one."""
        return [(0, self.size)]

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes at ``offset``: fewer at the end of the file.

        Raises
        ------
        OSError
            The medium cannot be read there.
        """
        data = os.pread(self._fd, count, offset)
        if len(data) in (count, 0):
            return data
        parts = [data]
        got = len(data)
        while got < count and parts[-1]:
            parts.append(os.pread(self._fd, count - got, offset + got))
            got += len(parts[-1])
        return b"".join(parts)

    def read_what_is_left(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes at ``offset``, fewer at the end of the file; zeros for what cannot be read."""
        count = min(count, self.size - offset)
        try:
            return self.read_at(offset, count) if count > 0 else b""
        except OSError:
            parts = []
            at, end = offset, offset + count
            while at < end:
                step = min(SECTOR - at % SECTOR, end - at)
                try:
                    parts.append(self.read_at(at, step))
                except OSError:
                    parts.append(bytes(step))
                at += step
            return b"".join(parts)

    def close(self) -> None:
        """Close the file; reading is over."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_outputs(paths: Iterable[bytes], *, replace: bool = False) -> None:
    """Check the names of what a run is to write, before it does any work.

    Parameters
    ----------
    replace
        Regular files that have such a name are to be replaced.

    Raises
    ------
    Exists
        A name is taken.
    UsageError
        By what is no regular file; or it lies in what is no directory; or two of the names are one.
    """
    seen: set[bytes] = set()
    for path in paths:
        name = os.fsdecode(path)
        if os.path.isdir(path) or not os.path.basename(path):
            raise UsageError(f"{name}: is a directory; name a file in it")
        if os.path.lexists(path):
            if not os.path.isfile(path) and not os.path.islink(path):
                raise UsageError(f"{name}: exists and is no regular file; choose another name")
            if not replace:
                raise Exists(f"{name}: exists")
        if (above := _nearest(os.path.dirname(path))) and not os.path.isdir(above):
            raise UsageError(f"{name}: {os.fsdecode(above)} is no directory")
        where = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        if where in seen:
            raise UsageError(f"{name}: two files would get this name")
        seen.add(where)


def _nearest(directory: bytes) -> bytes:
    """The directory, or the one above it, that is there; empty for the working directory."""
    while directory and not os.path.lexists(directory):
        directory = os.path.dirname(directory)
    return directory


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
        make_directory(directory)
        with environment(directory):
            self._dir_fd = open_claimed(directory)
            try:
                self._name, self._fd = create(self._dir_fd, lambda free: open_new(free, self._dir_fd))
            except BaseException:
                os.close(self._dir_fd)
                raise
        self.temporary = os.path.join(directory, self._name)
        self._buffer = bytearray()
        self._flushed = 0
        self._open = True
        self._is_dressed = False

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
            _write_all(self._fd, offset, data)
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
            _write_all(self._fd, self._flushed, bytes(self._buffer))
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


class Output(Scratch):
    """A file in the making, until `publish` gives it its name; what was not published is discarded.

    Parameters
    ----------
    path
        The final name; directories above it are made where they are missing.
    work_dir
        Where the temporary lies; None for the directory of ``path``.
    replace
        A file that has this name is replaced; else nothing ever is, not even what comes there meanwhile.
    readers
        Who may read it in the end.

    Raises
    ------
    Exists, UsageError
        As `check_outputs`.
    EnvironmentFailed
        It cannot be made.
    """

    def __init__(
        self, path: bytes, *, work_dir: bytes | None = None, replace: bool = False, readers: Readers = ANYONE
    ) -> None:
        check_outputs([path], replace=replace)
        self._path, self._replace, self._readers = path, replace, readers
        directory = os.path.dirname(path) or b"."
        make_directory(directory)
        super().__init__(directory if work_dir is None else work_dir)

    @property
    def path(self) -> bytes:
        """The final name."""
        return self._path

    def publish(self) -> None:
        """Give the file its final name, as `publish_as` does."""
        self.publish_as(self._path, replace=self._replace, readers=self._readers)


@dataclass(frozen=True, slots=True)
class Destination:
    """A directory that gets what a run makes, and the rules by which it is written there.

    Attributes
    ----------
    work_dir
        Where temporary files lie; None for the directory itself.
    replace, readers
        As for `Output`.
    """

    directory: bytes
    work_dir: bytes | None = None
    replace: bool = False
    readers: Readers = ANYONE

    @property
    def scratch(self) -> bytes:
        """Where temporary files lie."""
        return self.directory if self.work_dir is None else self.work_dir

    def path(self, name: bytes) -> bytes:
        """Return where a file of this name will be."""
        return os.path.join(self.directory, name)

    def check(self, names: Iterable[bytes]) -> None:
        """Check the names of all files that are to be written, as `check_outputs` does."""
        check_outputs(map(self.path, names), replace=self.replace)

    def begin(self, name: bytes) -> Output:
        """Begin a file."""
        return Output(self.path(name), work_dir=self.work_dir, replace=self.replace, readers=self.readers)

    def publish(self, made: Scratch, name: bytes) -> bytes:
        """Give a temporary file its name there, and return its path."""
        path = self.path(name)
        made.publish_as(path, replace=self.replace, readers=self.readers)
        return path


class InPlace:
    """A file or device whose bytes are replaced where they lie.

    Raises
    ------
    EnvironmentFailed
        It may not be written.
    """

    def __init__(self, path: bytes) -> None:
        self.path = path
        with environment(path):
            self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def write_at(self, offset: int, data: bytes) -> None:
        """Overwrite what is there; the file grows where it is too short."""
        with environment(self.path):
            _write_all(self._fd, offset, data)

    def cut(self, size: int) -> None:
        """Take away what is behind the first ``size`` bytes; of a device nothing."""
        with environment(self.path):
            status = os.fstat(self._fd)
            if stat.S_ISREG(status.st_mode) and status.st_size > size:
                os.ftruncate(self._fd, size)

    def sync(self) -> None:
        """Wait until the medium has it."""
        with environment(self.path):
            os.fsync(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)


def _write_all(fd: int, offset: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        count = os.pwrite(fd, view, offset)
        offset += count
        view = view[count:]
