"""Archives as files: read at an offset, written under a temporary name, published by one rename."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from pybackup.errors import EnvironmentFailed, UsageError

from .drives import why_not_opened
from .paths import open_seekable

_BUFFER_BYTES = 1 << 20
_COPY_BYTES = 1 << 20
# What a drive reads or does not.
_SECTOR = 2048


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
        status = os.fstat(self._fd)
        self.written = status.st_mtime
        self.is_drive = stat.S_ISBLK(status.st_mode)
        self.size = os.lseek(self._fd, 0, os.SEEK_END)

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
                step = min(_SECTOR - at % _SECTOR, end - at)
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


class Output:
    """A file in the making: under a temporary name until `publish` renames it.

    Used as a context manager it discards what was not published. The temporary is locked while its
    maker lives, so that a later run can tell leftovers of a killed one, and removes them.

    Parameters
    ----------
    path
        The final name.
    work_dir
        Where the temporary lies; None for the directory of ``path``.
    """

    def __init__(self, path: bytes, *, work_dir: bytes | None = None) -> None:
        self.path = path
        self._directory = work_dir if work_dir is not None else os.path.dirname(path) or b"."
        base = os.path.basename(path)
        if not base or os.path.isdir(path):
            raise UsageError(f"{os.fsdecode(path)}: is a directory; name a file in it")
        self._prefix = b"." + base[:200] + b"."
        with environment(self._directory):
            _remove_leftovers(self._directory, self._prefix)
        self.temporary = os.path.join(self._directory, self._prefix + b"%d.partial" % os.getpid())
        with environment(self.temporary):
            self._fd = os.open(self.temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._buffer = bytearray()
        self._flushed = 0
        self._open = True

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

    def rename(self, path: bytes) -> None:
        """Choose another final name, now that it is known what the file is."""
        self.path = path

    def take_after(self, path: bytes) -> None:
        """Take the mode of a file that this one replaces, and its owner where that is allowed."""
        with environment(self.temporary):
            status = os.stat(path)
            with contextlib.suppress(PermissionError):
                os.fchown(self._fd, status.st_uid, status.st_gid)
            os.fchmod(self._fd, stat.S_IMODE(status.st_mode))

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

    def publish(self) -> None:
        """Give the file its final name, replacing what had it; everything is on the medium before and after."""
        self.sync()
        with environment(self.path):
            try:
                os.rename(self.temporary, self.path)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self._copy_across()
            _sync_directory(os.path.dirname(self.path) or b".")
        self._close()

    def discard(self) -> None:
        """Remove the temporary; harmless when published."""
        if self._open:
            with contextlib.suppress(OSError):
                os.unlink(self.temporary)
            self._close()

    def _copy_across(self) -> None:
        with Output(self.path) as copy:
            offset = 0
            while data := os.pread(self._fd, _COPY_BYTES, offset):
                copy.write(data)
                offset += len(data)
            copy.publish()
        os.unlink(self.temporary)

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


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


def _sync_directory(path: bytes) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _remove_leftovers(directory: bytes, prefix: bytes) -> None:
    """Remove temporaries of runs that were killed: those that nobody holds a lock on."""
    for name in os.listdir(directory):
        if name.startswith(prefix) and name.endswith(b".partial"):
            path = os.path.join(directory, name)
            with contextlib.suppress(OSError):
                fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(path)
                finally:
                    os.close(fd)
