"""Archives, images and devices as files: read at any offset, or changed where they lie."""

from __future__ import annotations

import os
import stat
from types import TracebackType
from typing import Self

from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.sector import SECTOR

from .drives import why_not_opened
from .environment import environment
from .paths import open_seekable
from .write_at import write_at


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
            write_at(self._fd, offset, data)

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
