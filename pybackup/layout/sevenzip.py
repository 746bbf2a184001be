"""The start header of a ``.7z``: what is before its packed streams (``7zFormat.txt`` of the LZMA SDK).

| offset | size | type  | field       | meaning                                          |
| ------ | ---- | ----- | ----------- | ------------------------------------------------ |
| 0      | 6    | bytes | signature   | ``37 7A BC AF 27 1C``                            |
| 6      | 2    | bytes | version     | 0, and any minor version                         |
| 8      | 4    | u32   | start_crc   | CRC-32 of the 20 bytes that follow               |
| 12     | 8    | u64   | tail_offset | of the end header, from offset 32: stream length |
| 20     | 8    | u64   | tail_bytes  | length of the end header                         |
| 28     | 4    | u32   | tail_crc    | CRC-32 of the end header                         |
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from pybackup.errors import Damaged
from pybackup.model.member import STREAM_OFFSET as STREAM_OFFSET

SIGNATURE: Final = b"7z\xbc\xaf\x27\x1c"
START = struct.Struct("<6sBBIQQI")
_CHECKED = struct.Struct("<QQI")
_MAX_TAIL_BYTES = 4096
# As py7zr and 7-Zip write it.
_VERSION = (0, 4)


@dataclass(frozen=True, slots=True)
class StartHeader:
    """What a start header says: lengths of the packed stream and of the end header, and the CRC of the latter."""

    stream_bytes: int
    tail_bytes: int
    tail_crc: int

    def pack(self) -> bytes:
        """Return the 32 bytes."""
        checked = _CHECKED.pack(self.stream_bytes, self.tail_bytes, self.tail_crc)
        return START.pack(SIGNATURE, *_VERSION, zlib.crc32(checked), self.stream_bytes, self.tail_bytes, self.tail_crc)

    @classmethod
    def unpack(cls, data: bytes) -> StartHeader:
        """Read the first 32 bytes of a ``.7z``.

        Raises
        ------
        Damaged
            They are none, or the end header is longer than ours are.
        """
        if len(data) != START.size:
            raise Damaged("too short for a 7z start header")
        signature, major, _, crc, stream_bytes, tail_bytes, tail_crc = START.unpack(data)
        if signature != SIGNATURE or major != _VERSION[0]:
            raise Damaged("not a 7z start header")
        if crc != zlib.crc32(data[12:]):
            raise Damaged("its 7z start header is damaged")
        if not 0 < tail_bytes <= _MAX_TAIL_BYTES or stream_bytes >= 1 << 62:
            raise Damaged("a 7z that pybackup did not write")
        return cls(stream_bytes, tail_bytes, tail_crc)
