"""Where a file has data, and where holes: as its file system tells."""

from __future__ import annotations

import errno
import os

from pybackup.host.paths import open_at
from pybackup.layout.sparse import SparseLayout
from pybackup.layout.ustar import BLOCK, padded

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_NO_ATIME = getattr(os, "O_NOATIME", 0)


def open_untouched(path: bytes) -> int:
    """Open a file for reading, its access time kept where that is allowed; no link is followed, no FIFO waited for."""
    if _NO_ATIME:
        try:
            return open_at(None, path, _FLAGS | _NO_ATIME)
        except PermissionError:
            # Only a file's owner may keep its access time.
            pass
    return open_at(None, path, _FLAGS)


def data_extents(path: bytes, size: int) -> list[tuple[int, int]]:
    """Return offset and length of what is archived of a file that is not opened yet: without its holes.

    Parameters
    ----------
    size
        As it is planned; a file that cannot be looked at now has all of it.
    """
    everything = [(0, size)] if size else []
    try:
        if os.lstat(path).st_blocks * 512 >= size:
            return everything
        fd = open_untouched(path)
    except OSError:
        return everything
    try:
        layout = sparse_layout(fd, size)
    finally:
        os.close(fd)
    return everything if layout is None else list(layout.extents)


def sparse_layout(fd: int, size: int) -> SparseLayout | None:
    """Where a file has data; None where it has no holes, or the system cannot tell. Leaves the file at its start."""
    if not hasattr(os, "SEEK_HOLE"):
        return None
    try:
        extents = _extents(fd, size)
    finally:
        os.lseek(fd, 0, os.SEEK_SET)
    if extents is None or extents == [(0, size)] or os.pread(fd, 1, size):  # of one that gives more than it tells
        return None
    return SparseLayout(size, extents)


def _extents(fd: int, size: int) -> list[tuple[int, int]] | None:
    """Offset and length of each stretch of data, on whole blocks."""
    extents: list[tuple[int, int]] = []
    offset = 0
    while offset < size:
        try:
            start = os.lseek(fd, offset, os.SEEK_DATA)
            end = min(os.lseek(fd, start, os.SEEK_HOLE), size)
        except OSError as error:
            if error.errno != errno.ENXIO:
                return None
            break  # nothing but a hole up to the end
        if start >= size:
            break
        # GNU tar wants extents on whole blocks; file systems of smaller ones are rare, but there are some.
        start -= start % BLOCK
        end = min(size, padded(end))
        if extents and start < sum(extents[-1]):
            start = extents.pop()[0]
        extents.append((start, end - start))
        offset = end
    return extents
