"""Small files, read into memory once, for several readers."""

from __future__ import annotations

import errno
import os

from .storage import ArchiveFile


class KeptFile(ArchiveFile):
    """A file that is open, all of it read at once; closing it is up to whoever opened that.

    Raises
    ------
    OSError
        It cannot be read to its end.
    """

    def __init__(self, file: ArchiveFile) -> None:
        self.path = file.path
        self.size = file.size
        self._file = file
        self._data = file.read_at(0, file.size)

    @property
    def written(self) -> float:
        """When the file was written last, in seconds since the epoch."""
        return self._file.written

    @property
    def is_drive(self) -> bool:
        """Whether it is a drive or the like."""
        return self._file.is_drive

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes at ``offset``: fewer at the end of the file.

        Raises
        ------
        OSError
            There is no such offset.
        """
        if offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return self._data[offset : offset + count]

    def close(self) -> None:
        """Forget what was read."""
        self._data = b""
