"""The stamp: what the tar headers of a structure tell us in the prefix field that no tar reads.

A first byte of NUL makes the prefix empty for every reader. Plain tar checks a header by a sum of its bytes, pax
records not at all, and knows whole seconds only; the stamp vouches for each entry by itself, so that what is left of
a damaged structure can be trusted. Little-endian, offsets from the start of the prefix field.

| offset | size | type  | field      | meaning                                                  |
| ------ | ---- | ----- | ---------- | -------------------------------------------------------- |
| 0      | 4    | bytes | magic      | NUL ``XTS``                                              |
| 4      | 4    | u32   | mtime_ns   | nanoseconds of the mtime, below 10^9                     |
| 8      | 3    | bytes | pax_crc    | of what extends the header (`note.pax_crc`)              |
| 11     | 1    | u8    | reserved   | zero                                                     |
| 12     | 4    | u32   | header_crc | CRC-32 of the tar header, checksum and this as zeros     |
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pybackup.errors import Damaged

from . import ustar
from .note import NO_PAX

STAMP = struct.Struct("<4sI3sBI")
MAGIC = b"\0XTS"

_OFFSET = 345
_CRC_OFFSET = _OFFSET + 12
_CRC = struct.Struct("<I")
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """The fields of a stamp; see the module's table."""

    mtime_ns: int = 0
    pax_crc: bytes = NO_PAX

    def pack(self) -> bytes:
        """Return the 16 bytes, the header's CRC still zero: `stamp` fills it in."""
        return STAMP.pack(MAGIC, self.mtime_ns, self.pax_crc, 0, 0)

    @classmethod
    def unpack(cls, block: bytes) -> Stamp:
        """Return the stamp in a whole tar header of 512 bytes.

        Raises
        ------
        Damaged
            No stamp, a wrong CRC, or fields that break their rules.
        """
        if len(block) != ustar.BLOCK:
            raise Damaged(f"a stamped tar header has {ustar.BLOCK} bytes, not {len(block)}")
        magic, mtime_ns, pax_crc, reserved, crc = STAMP.unpack_from(block, _OFFSET)
        if magic != MAGIC:
            raise Damaged("a tar header without a stamp")
        if crc != ustar.header_crc(block, _CRC_OFFSET):
            raise Damaged("wrong CRC of a stamped tar header")
        if mtime_ns >= _SECOND or reserved:
            raise Damaged("a stamp that breaks the rules of its fields")
        return cls(mtime_ns, pax_crc)


def has_stamp(block: bytes) -> bool:
    """Whether a header looks as if it had a stamp, right or wrong."""
    return block[_OFFSET : _OFFSET + len(MAGIC)] == MAGIC


def stamp(block: bytes, what: Stamp) -> bytes:
    """The header of 512 bytes with the stamp, its CRC and then the tar checksum filled in."""
    block = block[:_OFFSET] + what.pack() + block[_OFFSET + STAMP.size :]
    block = block[:_CRC_OFFSET] + _CRC.pack(ustar.header_crc(block, _CRC_OFFSET)) + block[_CRC_OFFSET + 4 :]
    return ustar.with_checksum(block)
