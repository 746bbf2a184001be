"""A bundle with nothing beside it: what its own 7z header says of the files in it.

Only what `pybackup.layout.sevenzip_bundle` writes is understood.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator, Sequence

from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile
from pybackup.layout import bundle
from pybackup.layout.sevenzip import STREAM_OFFSET, StartHeader
from pybackup.layout.sevenzip_bundle import PACKED
from pybackup.model.member import Member, Method

from .bare import EPOCH_TICKS, BareMember, EndHeader, coders_of, read_frame, within
from .read_there import read_there

_HEADER = (0x01, 0x04, 0x06, 0)
_LZMA = (0x0B, 1, 0, 0x01, 0x23, 3, 1, 1, 5, 0)
_MAX_PLAIN_BYTES = 1 << 20
_MOST_FILES = 1 << 16
_ALL_DEFINED = (1, 0)
_EMPTY_STREAM, _EMPTY_FILE, _NAMES, _TIMES, _ATTRIBUTES = 0x0E, 0x0F, 0x11, 0x14, 0x15


def is_bundle(file: ArchiveFile, offset: int, stream_bytes: int) -> bool:
    """Whether what begins at ``offset`` is a bundle, by its notes or by what is behind its streams."""
    begins = file.read_what_is_left(offset + STREAM_OFFSET, len(bundle.MAGIC)) == bundle.MAGIC
    return begins or file.read_what_is_left(offset + STREAM_OFFSET + stream_bytes, 1) == PACKED


def read_bundle(file: ArchiveFile, offset: int) -> Sequence[BareMember]:
    """Read the headers of the bundle at ``offset``, and return its files; the notes, its first one, are left out.

    Raises
    ------
    Damaged
        They are damaged, or not as pybackup writes them.
    """
    frame, tail = read_frame(file, offset)
    end = offset + STREAM_OFFSET + frame.stream_bytes
    header, before_bytes = _unpacked(file, tail, end, frame)
    streams = list(_streams(header, offset + STREAM_OFFSET, before_bytes))
    files = list(_files(header, streams))
    if not header.all_taken() or files[0].name != bundle.NAME:
        raise Damaged("a 7z header that contradicts itself")
    return files[1:]


def _unpacked(file: ArchiveFile, tail: EndHeader, end: int, frame: StartHeader) -> tuple[EndHeader, int]:
    """The header, and how long the packed streams before it are."""
    tail.expect(PACKED[0], 0x06)
    before_bytes = tail.number()
    tail.expect(1, 0x09)
    packed_bytes = tail.number()
    tail.expect(0, 0x07, *_LZMA)
    dictionary = int.from_bytes(tail.take(4), "little")
    tail.expect(0x0C)
    plain_bytes = tail.number()
    tail.expect(0x0A, 1)
    crc = int.from_bytes(tail.take(4), "little")
    tail.expect(0, 0)
    if before_bytes + packed_bytes != frame.stream_bytes or plain_bytes > _MAX_PLAIN_BYTES or not tail.all_taken():
        raise Damaged("a 7z end header that contradicts itself")
    chain = [{"id": lzma.FILTER_LZMA1, "dict_size": within(max(dictionary, 1), plain_bytes), "lc": 0, "lp": 0, "pb": 0}]
    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain)
        plain = decoder.decompress(read_there(file, end - packed_bytes, packed_bytes), plain_bytes)
    except lzma.LZMAError as error:
        raise Damaged("its 7z header does not decompress") from error
    if len(plain) != plain_bytes or zlib.crc32(plain) != crc:
        raise Damaged("its 7z header is damaged")
    return EndHeader(plain), before_bytes


def _streams(header: EndHeader, begin: int, before_bytes: int) -> Iterator[tuple[Member, int]]:
    """The packed streams, and the CRC of what each gives."""
    header.expect(*_HEADER)
    count = header.number()
    header.expect(0x09)
    lengths = [header.number() for _ in range(count)]
    header.expect(0, 0x07, 0x0B)
    if header.number() != count or sum(lengths) != before_bytes:
        raise Damaged("a 7z header that contradicts itself")
    header.expect(0)
    chains = [coders_of(header) for _ in lengths]
    header.expect(0x0C)
    sizes = [[header.number() for _ in range(coders)] for _, _, coders in chains]
    header.expect(0, 0x08, 0x0A, 1)
    crcs = [int.from_bytes(header.take(4), "little") for _ in lengths]
    header.expect(0, 0)
    for n_bytes, (method, dictionary, _), (size, *more), crc in zip(lengths, chains, sizes, crcs, strict=True):
        if any(other != size for other in more) or (method is Method.COPY and n_bytes != size):
            raise Damaged("a 7z header that contradicts itself")
        yield Member(begin, n_bytes, n_bytes, size, method, within(dictionary, size), b"", bundled=True), crc
        begin += n_bytes


def _files(header: EndHeader, streams: Sequence[tuple[Member, int]]) -> Iterator[BareMember]:
    header.expect(0x05)
    count = header.number()
    if not len(streams) <= count <= _MOST_FILES:
        raise Damaged("a 7z header that contradicts itself")
    properties: dict[int, EndHeader] = {}
    while kind := header.byte():
        properties[kind] = EndHeader(header.take(header.number()))
    header.expect(0)
    names, times, attributes = (properties.get(kind, EndHeader(b"")) for kind in (_NAMES, _TIMES, _ATTRIBUTES))
    empty = properties.get(_EMPTY_STREAM)
    is_empty = _flags(empty.take((count + 7) // 8), count) if empty else [False] * count
    if is_empty.count(False) != len(streams) or not properties.keys() <= {14, 15, 17, 20, 21}:
        raise Damaged("a 7z header that contradicts itself")
    names.expect(0)
    times.expect(*_ALL_DEFINED)
    attributes.expect(*_ALL_DEFINED)
    left, at = iter(streams), 0
    for nothing in is_empty:
        member, crc = (Member(at, 0, 0, 0, Method.COPY, 0, b"", bundled=True), 0) if nothing else next(left)
        at = member.offset + member.packed_bytes
        mtime_ns = (int.from_bytes(times.take(8), "little") - EPOCH_TICKS) * 100
        mode = int.from_bytes(attributes.take(4), "little") >> 16 & 0o777
        yield BareMember(member, crc, names.text(), mode, mtime_ns)


def _flags(data: bytes, count: int) -> list[bool]:
    return [bool(data[at // 8] >> 7 - at % 8 & 1) for at in range(count)]
