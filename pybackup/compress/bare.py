"""A ``.7z`` with nothing beside it: what its own two headers say, when index and tar header are gone.

Only what `pybackup.compress.sevenzip` writes is understood: one file, its stream behind the start header, a plain end
header.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile
from pybackup.layout.sevenzip import STREAM_OFFSET, StartHeader
from pybackup.model.member import Member, Method

from .methods import MAX_SEGMENT_BYTES
from .read_there import read_there
from .unpack import WRONG, decode_unchecked

_MIN_DICTIONARY = 4096
EPOCH_TICKS = 116_444_736_000_000_000

_END, _HEADER, _MAIN_STREAMS, _FILES = 0x00, 0x01, 0x04, 0x05
_PACK, _UNPACK, _SUBSTREAMS, _SIZE, _CRC, _FOLDER, _UNPACK_SIZE = 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C
_NAME, _TIME, _ATTRIBUTES, _DUMMY = 0x11, 0x14, 0x15, 0x19
_HAS_PROPERTIES = 0x20

_METHODS = {
    (b"\0",): Method.COPY,
    (b"\x04\x01\x08",): Method.DEFLATE,
    (b"\x21",): Method.LZMA2,
    (b"\x21", b"\x03\x03\x01\x03"): Method.X86_LZMA2,
    (b"\x21", b"\x03\x03\x02\x05"): Method.PPC_LZMA2,
    (b"\x21", b"\x03\x03\x05\x01"): Method.ARM_LZMA2,
    (b"\x21", b"\x03\x03\x07\x01"): Method.ARMT_LZMA2,
    (b"\x21", b"\x03\x03\x08\x05"): Method.SPARC_LZMA2,
}


@dataclass(frozen=True, slots=True)
class BareMember:
    """A ``.7z`` of one file, by its own headers.

    Attributes
    ----------
    member
        Its digest is empty: there is only ``crc``, the CRC-32 of the content.
    name
        The name inside, ``f`` for any.
    mode
        Permission bits.
    """

    member: Member
    crc: int
    name: bytes
    mode: int
    mtime_ns: int


def read_bare(file: ArchiveFile, offset: int) -> BareMember:
    """Read both headers of the ``.7z`` at ``offset``.

    Raises
    ------
    Damaged
        They are damaged, or not as pybackup writes them.
    """
    frame, header = read_frame(file, offset)
    return _parse(header, offset, frame)


def decode_bare(file: ArchiveFile, bare: BareMember) -> Iterator[bytes]:
    """Yield the content; it is good only when the iteration ends without an error.

    Raises
    ------
    Damaged, Refused
        As `pybackup.compress.unpack.decode`.
    """
    crc = done = 0
    for data in decode_unchecked(file, bare.member):
        crc = zlib.crc32(data, crc)
        done += len(data)
        yield data
    if done != bare.member.raw_bytes or crc != bare.crc:
        raise Damaged(WRONG)


def read_frame(file: ArchiveFile, offset: int) -> tuple[StartHeader, EndHeader]:
    """Read both headers of the ``.7z`` at ``offset``: the second is that behind the streams.

    Raises
    ------
    Damaged
        They are damaged.
    """
    frame = StartHeader.unpack(read_there(file, offset, STREAM_OFFSET))
    tail = read_there(file, offset + STREAM_OFFSET + frame.stream_bytes, frame.tail_bytes)
    if zlib.crc32(tail) != frame.tail_crc:
        raise Damaged("its 7z end header is damaged")
    return frame, EndHeader(tail)


class EndHeader:
    """What stands behind the packed streams of a ``.7z``, taken from the front; what is not there is `Damaged`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        if not 0 <= count <= len(self._data) - self._at:
            raise Damaged("a 7z end header that is cut")
        self._at += count
        return self._data[self._at - count : self._at]

    def byte(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """Return a number in 7z's own form: leading ones of its first byte count those that follow, lowest first."""
        first = self.byte()
        more = 8 - (first ^ 0xFF).bit_length()
        low = int.from_bytes(self.take(more), "little")
        return low | (first & (0x7F >> more)) << 8 * more if more < 8 else low

    def text(self) -> bytes:
        """Return a name."""
        text = bytearray()
        while (unit := self.take(2)) != b"\0\0":
            text += unit
        try:
            return text.decode("utf-16-le").encode()
        except UnicodeError as error:
            raise Damaged("a 7z end header with a name that is none") from error

    def expect(self, *values: int) -> None:
        """Take bytes that must be these."""
        for value in values:
            if self.byte() != value:
                raise Damaged("a 7z end header that pybackup did not write")

    def all_taken(self) -> bool:
        """Whether nothing is left."""
        return self._at == len(self._data)


def _parse(tail: EndHeader, offset: int, frame: StartHeader) -> BareMember:
    tail.expect(_HEADER, _MAIN_STREAMS, _PACK, 0, 1, _SIZE)
    stream_bytes = tail.number()
    tail.expect(_END, _UNPACK, _FOLDER, 1, 0)
    method, dictionary, coders = coders_of(tail)
    tail.expect(_UNPACK_SIZE)
    sizes = {tail.number() for _ in range(coders)}
    tail.expect(_END, _SUBSTREAMS, _CRC, 1)
    crc = int.from_bytes(tail.take(4), "little")
    tail.expect(_END, _END, _FILES, 1)
    name, mode, mtime_ns = _file(tail)
    tail.expect(_END)
    raw_bytes = sizes.pop()
    if sizes or stream_bytes != frame.stream_bytes or not tail.all_taken():
        raise Damaged("a 7z end header that contradicts itself")
    packed_bytes = STREAM_OFFSET + stream_bytes + frame.tail_bytes
    member = Member(offset, packed_bytes, stream_bytes, raw_bytes, method, within(dictionary, raw_bytes), b"")
    return BareMember(member, crc, name, mode, mtime_ns)


def within(dictionary: int, raw_bytes: int) -> int:
    """Return how large a dictionary may be: no stream looks back beyond its own content, whatever a header says."""
    bound = max(_MIN_DICTIONARY, 1 << raw_bytes.bit_length()) if raw_bytes <= MAX_SEGMENT_BYTES else dictionary
    return min(dictionary, bound)


def coders_of(tail: EndHeader) -> tuple[Method, int, int]:
    """Return a filter chain: method, dictionary in bytes, and how many coders it has."""
    count = tail.number()
    if not 1 <= count <= 2:
        raise Damaged("a 7z with more filters than pybackup uses")
    names = []
    dictionary = 0
    for _ in range(count):
        flags = tail.byte()
        if flags & ~(0x0F | _HAS_PROPERTIES):
            raise Damaged("a 7z with filters that pybackup does not use")
        names.append(tail.take(flags & 0x0F))
        if flags & _HAS_PROPERTIES:
            tail.expect(1)
            dictionary = _dictionary(tail.byte())
    if count == 2:
        tail.expect(1, 0)
    method = _METHODS.get(tuple(names))
    if method is None:
        raise Damaged("a 7z with filters that pybackup does not use")
    return method, dictionary, count


def _dictionary(code: int) -> int:
    if code > 40:
        raise Damaged("a 7z with a dictionary of no size")
    return (2 | code & 1) << code // 2 + 11


def _file(tail: EndHeader) -> tuple[bytes, int, int]:
    name, mode, mtime_ns = b"", 0o600, 0
    while kind := tail.byte():
        data = EndHeader(tail.take(tail.number()))
        if kind == _NAME:
            data.expect(0)
            name = data.text()
        elif kind == _TIME:
            data.expect(1, 0)
            mtime_ns = (int.from_bytes(data.take(8), "little") - EPOCH_TICKS) * 100
        elif kind == _ATTRIBUTES:
            data.expect(1, 0)
            mode = int.from_bytes(data.take(4), "little") >> 16 & 0o777
        elif kind != _DUMMY:
            raise Damaged("a 7z end header with more than pybackup writes")
    return name, mode, mtime_ns
