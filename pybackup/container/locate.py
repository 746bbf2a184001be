"""Where archives lie in a file: from its first byte, or as files of an ISO image."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import ustar
from pybackup.layout.note import Note, Role

from .read import read_locator

_SECTOR = 2048
_DESCRIPTORS_AT = 16  # ECMA-119, 6.2.1
_MOST_DESCRIPTORS = 32
_PRIMARY = b"\1CD001\1"
_TERMINATOR = 255
_ROOT_RECORD_AT = 156  # 8.4.18
_RECORD = struct.Struct("<BB I4x I4x 7xBBBB2xB")  # 9.1: both-endian numbers, of which the first half is read
_DIRECTORY, _MULTI_EXTENT = 2, 128
_MAX_DIRECTORY_BYTES = 1 << 20


def locate(file: ArchiveFile) -> list[tuple[int, int]]:
    """Return offset and length of each archive whose first header is whole; none where that cannot be told quickly.

    A file that begins as an archive is one. Of an ISO image the files at the root of its directory are looked at, in
    the order of their offsets. No two of them overlap, whatever the directory says.
    """
    if read_locator(file) is not None:
        return [(0, file.size)]
    longest: dict[int, int] = {}
    for offset, n_bytes in _root_files(file):
        if _begins_archive(file, offset, n_bytes):
            longest[offset] = max(n_bytes, longest.get(offset, 0))
    starts = sorted(longest)
    return [
        (start, min(longest[start], behind - start))
        for start, behind in zip(starts, [*starts, file.size][1:], strict=True)
    ]


def _begins_archive(file: ArchiveFile, offset: int, n_bytes: int) -> bool:
    if n_bytes < 2 * ustar.BLOCK or offset + n_bytes > file.size:
        return False
    try:
        said = Note.unpack(file.read_at(offset, ustar.BLOCK))
    except (FormatError, OSError):
        return False
    return said.role is Role.LOCATOR and said.stream_bytes > 0


def _root_files(file: ArchiveFile) -> Iterator[tuple[int, int]]:
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
            at += _SECTOR - at % _SECTOR
            continue
        at += length
        if flags & _DIRECTORY:
            continue
        if not (start and sector * _SECTOR == end):
            start = end = sector * _SECTOR
        end += n_bytes
        if not flags & _MULTI_EXTENT:
            yield start, end - start
            start = end = 0


def _root(file: ArchiveFile) -> tuple[int, int] | None:
    """Offset and length of the root directory, as the primary volume descriptor says."""
    for number in range(_DESCRIPTORS_AT, _DESCRIPTORS_AT + _MOST_DESCRIPTORS):
        block = file.read_at(number * _SECTOR, _SECTOR)
        if len(block) < _SECTOR or block[1:6] != _PRIMARY[1:6] or block[0] == _TERMINATOR:
            return None
        if block.startswith(_PRIMARY):
            _, _, sector, n_bytes, *_ = _RECORD.unpack_from(block, _ROOT_RECORD_AT)
            return sector * _SECTOR, n_bytes
    return None
