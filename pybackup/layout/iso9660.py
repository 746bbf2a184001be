"""The root directory of an ISO 9660 image (ECMA-119): where its files lie."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Protocol

from pybackup.sector import SECTOR

_DESCRIPTORS_AT = 16  # ECMA-119, 6.2.1
_MOST_DESCRIPTORS = 32
_PRIMARY = b"\1CD001\1"
_TERMINATOR = 255
_ROOT_RECORD_AT = 156  # 8.4.18
_RECORD = struct.Struct("<BB I4x I4x 7xBBBB2xB")  # 9.1: both-endian numbers, of which the first half is read
_DIRECTORY, _MULTI_EXTENT = 2, 128
_MAX_DIRECTORY_BYTES = 1 << 20


class ReadsAt(Protocol):
    """What can be read at any offset."""

    def read_at(self, offset: int, count: int, /) -> bytes:
        """Return up to ``count`` bytes, fewer at the end; raises `OSError` for what cannot be read."""
        ...


def root_files(file: ReadsAt) -> Iterator[tuple[int, int]]:
    """Offset and length of the files at the root of an ISO image: neighbouring extents of one file joined."""
    try:
        root = _root(file)
        data = file.read_at(root[0], min(root[1], _MAX_DIRECTORY_BYTES)) if root else b""
    except OSError:
        return
    start = end = 0
    at = 0
    while at + _RECORD.size <= len(data):
        length, _, sector, n_bytes, flags, _, _, _, name_bytes = _RECORD.unpack_from(data, at)
        if length < _RECORD.size + name_bytes:
            # Records do not cross sectors; zeros fill up.
            at += SECTOR - at % SECTOR
            continue
        at += length
        if flags & _DIRECTORY:
            continue
        if not (start and sector * SECTOR == end):
            start = end = sector * SECTOR
        end += n_bytes
        if not flags & _MULTI_EXTENT:
            yield start, end - start
            start = end = 0


def _root(file: ReadsAt) -> tuple[int, int] | None:
    """Offset and length of the root directory, as the primary volume descriptor says."""
    for number in range(_DESCRIPTORS_AT, _DESCRIPTORS_AT + _MOST_DESCRIPTORS):
        block = file.read_at(number * SECTOR, SECTOR)
        if len(block) < SECTOR or block[1:6] != _PRIMARY[1:6] or block[0] == _TERMINATOR:
            return None
        if block.startswith(_PRIMARY):
            _, _, sector, n_bytes, *_ = _RECORD.unpack_from(block, _ROOT_RECORD_AT)
            return sector * SECTOR, n_bytes
    return None
