"""What is behind the packed streams of a bundle: the 7z header of several files, each a folder of its own.

Stock tools need it, and who has nothing else left. It is packed with LZMA, as 7-Zip itself packs its headers; what
stands before it is then ``tail_offset`` of the start header. Property numbers are those of ``7zFormat.txt`` of the LZMA
SDK.
"""

from __future__ import annotations

import lzma
import re
import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pybackup.model.entry import Entry
from pybackup.model.member import BCJ_METHODS, Method

from .sevenzip import StartHeader

_END, _HEADER, _MAIN_STREAMS, _FILES = b"\0", b"\x01", b"\x04", b"\x05"
_PACK, _UNPACK, _SUBSTREAMS, _SIZE, _CRC, _FOLDER, _UNPACK_SIZE = (bytes((code,)) for code in range(6, 13))
_EMPTY_STREAM, _EMPTY_FILE, _NAMES, _MTIME, _ATTRIBUTES, PACKED = (
    bytes((code,)) for code in (0x0E, 0x0F, 0x11, 0x14, 0x15, 0x17)
)
_ALL_DEFINED = b"\x01\x00"  # of all files, and within this header
_UNIX = 0x8000
_REGULAR = 0o100000
_EPOCH_TICKS = 116_444_736_000_000_000  # of 100 ns from 1601 to 1970
_LAST_TICK = (1 << 63) - 1
_LZMA_OPTIONS = {"lc": 0, "lp": 0, "pb": 0}
_FAST_OPTIONS = {**_LZMA_OPTIONS, "preset": 1}
_LZMA_PROPERTY = b"\0"
_LEAST_DICTIONARY_BITS = 12
# What every tool has in its names alike: 7-Zip takes a backslash for a slash, others refuse control characters, or what
# no encoding of the terminal can show.
_NAME = re.compile(rb"[A-Za-z0-9_+=@%~#(),.-][A-Za-z0-9 _+=@%~#(),.-]*")
_OURS = b".xtar"
# A note has nanoseconds in 64 bits.
_LAST_NS = (1 << 63) - 1
# 7-Zip restores no set-id and sticky bits.
_PERMISSIONS = 0o777
_FIXED_BYTES = 160
_FILE_BYTES = 48


class BundledFile(NamedTuple):
    """A file of a bundle, as the 7z header tells of it; ``crc`` is that of its content."""

    name: bytes
    mode: int
    mtime_ns: int
    stream_bytes: int
    raw_bytes: int
    method: Method
    dictionary: int
    crc: int


def takes_name(name: bytes) -> bool:
    """Whether all tools restore a file of a bundle under this name, and the name is not reserved for notes."""
    is_ours = name.startswith(_OURS)
    return _NAME.fullmatch(name) is not None and name[-1:] not in (b".", b" ") and len(name) <= 255 and not is_ours


def takes_time(mtime_ns: int) -> bool:
    """Whether a 7z can tell this time."""
    return 0 <= mtime_ns // 100 + _EPOCH_TICKS <= _LAST_TICK


def suits_bundle(entry: Entry, up_to_bytes: int) -> bool:
    """Whether a file may go into a bundle, by all that is known of it before it is read; none if that is 0 bytes."""
    return (
        0 <= entry.size <= up_to_bytes > 0
        and not entry.xattrs
        and entry.mode <= _PERMISSIONS
        and takes_name(entry.name)
        and takes_time(entry.mtime_ns)
        and entry.mtime_ns <= _LAST_NS
    )


def header_bound(names_bytes: int, files: int) -> int:
    """Return how long the header of so many files with names of so many bytes together is at most, as it is packed."""
    plain = _FIXED_BYTES + files * _FILE_BYTES + 2 * names_bytes
    return plain + plain // 64 + _FIXED_BYTES


def pack_header(files: Sequence[BundledFile], *, fast: bool = False) -> tuple[bytes, bytes]:
    """Return the start header of a bundle, and what is behind its packed streams.

    Parameters
    ----------
    files
        In the order of their streams.
    fast
        Pack the header in half of the time, and by a twentieth larger.
    """
    plain = _header(files)
    before_bytes = sum(file.stream_bytes for file in files)
    bits = max(_LEAST_DICTIONARY_BITS, (len(plain) - 1).bit_length())
    options = _FAST_OPTIONS if fast else _LZMA_OPTIONS
    chain = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << bits, **options}]
    packed = lzma.compress(plain, format=lzma.FORMAT_RAW, filters=chain)
    properties = _LZMA_PROPERTY + (1 << bits).to_bytes(4, "little")
    tail = b"".join((
        PACKED,
        *(_PACK, number(before_bytes), number(1), _SIZE, number(len(packed)), _END),
        *(_UNPACK, _FOLDER, number(1), b"\0", b"\x01\x23\x03\x01\x01\x05", properties),
        *(_UNPACK_SIZE, number(len(plain)), _CRC, b"\x01", struct.pack("<I", zlib.crc32(plain)), _END),
        _END,
    ))  # fmt: skip
    start = StartHeader(before_bytes + len(packed), len(tail), zlib.crc32(tail))
    return start.pack(), packed + tail


@lru_cache(1 << 12)  # most are lengths of small files
def number(value: int) -> bytes:
    """Return a number in the form of 7z: the leading ones of the first byte count the bytes behind, lowest first."""
    more = next((more for more in range(8) if value < 1 << 7 * (more + 1)), 8)
    first = 0xFF00 >> more & 0xFF | (value >> 8 * more if more < 8 else 0)
    return bytes((first,)) + (value & (1 << 8 * more) - 1).to_bytes(more, "little")


def _header(files: Sequence[BundledFile]) -> bytes:
    streams = [file for file in files if file.raw_bytes]
    return b"".join((
        _HEADER,
        *_streams(streams),
        *(_FILES, number(len(files))),
        *_empty_ones(files),
        _property(_NAMES, b"\0" + b"".join(file.name.decode().encode("utf-16-le") + b"\0\0" for file in files)),
        _property(_MTIME, _ALL_DEFINED + b"".join(struct.pack("<Q", _ticks(file.mtime_ns)) for file in files)),
        _property(_ATTRIBUTES, _ALL_DEFINED + b"".join(struct.pack("<I", _attributes(file.mode)) for file in files)),
        *(_END, _END),
    ))  # fmt: skip


def _streams(files: Sequence[BundledFile]) -> Sequence[bytes]:
    if not files:
        return ()
    return (
        _MAIN_STREAMS,
        *(_PACK, number(0), number(len(files)), _SIZE, *(number(file.stream_bytes) for file in files), _END),
        *(_UNPACK, _FOLDER, number(len(files)), b"\0", *(_folder(file) for file in files)),
        # The size behind each filter of a chain is the same.
        *(_UNPACK_SIZE, *(number(file.raw_bytes) * (1 + (file.method in BCJ_METHODS)) for file in files), _END),
        *(_SUBSTREAMS, _CRC, b"\x01", *(struct.pack("<I", file.crc) for file in files), _END),
        _END,
    )


def _empty_ones(files: Sequence[BundledFile]) -> Sequence[bytes]:
    is_empty = [not file.raw_bytes for file in files]
    if not any(is_empty):
        return ()
    return _property(_EMPTY_STREAM, _bits(is_empty)), _property(_EMPTY_FILE, _bits([True] * sum(is_empty)))


def _folder(file: BundledFile) -> bytes:
    if file.method is Method.COPY:
        return b"\x01\x01\x00"
    if file.method is Method.DEFLATE:
        return b"\x01\x03\x04\x01\x08"
    lzma2 = b"\x21\x21\x01" + bytes((2 * (file.dictionary - _LEAST_DICTIONARY_BITS),))
    bcj = BCJ_METHODS.get(file.method)
    return b"\x01" + lzma2 if bcj is None else b"\x02" + lzma2 + b"\x04" + bcj + b"\x01\x00"


def _bits(flags: Sequence[bool]) -> bytes:
    text = "".join("01"[flag] for flag in flags)
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


def _property(kind: bytes, data: bytes) -> bytes:
    return kind + number(len(data)) + data


def _ticks(mtime_ns: int) -> int:
    return min(max(0, mtime_ns // 100 + _EPOCH_TICKS), _LAST_TICK)


def _attributes(mode: int) -> int:
    return _UNIX | (_REGULAR | mode) << 16
