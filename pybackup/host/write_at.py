"""Writing at an offset, all of it."""

from __future__ import annotations

import os


def write_at(fd: int, offset: int, data: bytes | memoryview) -> None:
    """Write all of the data at an offset in bytes.

    Raises
    ------
    OSError
    """
    written = os.pwrite(fd, data, offset)
    if written < len(data):
        rest = memoryview(data)
        while written < len(rest):
            written += os.pwrite(fd, rest[written:], offset + written)
