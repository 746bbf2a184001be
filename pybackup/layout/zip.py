"""The records of a zip file (PKWARE's APPNOTE.TXT 6.3), as they are written; all numbers little-endian.

Before each member stands a local header, then its name and its extra fields:

| offset | size | type  | field      | meaning                                                         |
| ------ | ---- | ----- | ---------- | --------------------------------------------------------------- |
| 0      | 4    | bytes | magic      | ``PK\\3\\4``                                                    |
| 4      | 2    | u16   | version    | needed to read it: 20, with zip64 45                            |
| 6      | 2    | u16   | flags      | 0x800: the name is UTF-8; else it is bytes of no known encoding |
| 8      | 2    | u16   | method     | 0 stored, 8 Deflate                                             |
| 10     | 4    | u32   | dos_time   | two seconds at a time, from 1980 to 2107                        |
| 14     | 4    | u32   | crc        | CRC-32 of the content                                           |
| 18     | 4    | u32   | packed     | bytes behind the header; 2^32 - 1 where the zip64 field says it |
| 22     | 4    | u32   | size       | of the content; as packed                                       |
| 26     | 2    | u16   | name_bytes | length of the name                                              |
| 28     | 2    | u16   | extra      | length of the extra fields                                      |

The central directory behind all members repeats that, with mode and kind of the entry and the offset of its local
header. Extra fields: ``UT`` has the time in seconds, ``ux`` the owner by number, 0x0001 the sizes and the offset that
take more than 32 bits (zip64).
"""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

LOCAL = struct.Struct("<4sHHHIIIIHH")
CENTRAL = struct.Struct("<4sHHHHIIIIHHHHHII")
END = struct.Struct("<4sHHHHIIH")
END_64 = struct.Struct("<4sQHHIIQQQQ")
LOCATOR_64 = struct.Struct("<4sIQI")
STORED, DEFLATED = 0, 8
LONGEST_NAME = (1 << 16) - 1

_FULL_16, _FULL_32 = (1 << 16) - 1, (1 << 32) - 1
_PLAIN, _ZIP64 = 20, 45
_UNIX = 3 << 8
_UTF_8 = 1 << 11
_FIRST_YEAR, _LAST_YEAR = 1980, 2107
_DIRECTORY = 0x10


@dataclass(frozen=True, slots=True)
class ZipMember:
    """What the headers of a member say.

    Attributes
    ----------
    name
        Its path, of any bytes; that of a directory ends with a slash.
    mode
        As ``st_mode`` has it, with the kind.
    mtime
        Seconds since the epoch.
    is_large
        Its sizes may take more than 32 bits: the local header has room for them.
    crc, packed_bytes, size
        Of the content; known when it is written.
    """

    name: bytes
    mode: int
    uid: int
    gid: int
    mtime: int
    method: int = DEFLATED
    is_large: bool = False
    crc: int = 0
    packed_bytes: int = 0
    size: int = 0

    def local(self) -> bytes:
        """Return the local header, its name and extra fields: as long whatever crc and sizes are."""
        wide = struct.pack("<HHQQ", 1, 16, self.size, self.packed_bytes) if self.is_large else b""
        extra = wide + self._time_field() + self._owner_field()
        packed, size = (_FULL_32, _FULL_32) if self.is_large else (self.packed_bytes, self.size)
        version = _ZIP64 if self.is_large else _PLAIN
        return (
            LOCAL.pack(
                b"PK\3\4",
                version,
                self._flags,
                self.method,
                _dos_time(self.mtime),
                self.crc,
                packed,
                size,
                len(self.name),
                len(extra),
            )
            + self.name
            + extra
        )

    def central(self, offset: int) -> bytes:
        """Return the record of the central directory; the local header stands at ``offset``."""
        numbers = (self.size, self.packed_bytes, offset)
        wide = [number for number in numbers if number >= _FULL_32]
        extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        extra += self._time_field() + self._owner_field()
        size, packed, at = (min(number, _FULL_32) for number in numbers)
        version = _ZIP64 if wide or self.is_large else _PLAIN
        attributes = self.mode << 16 | (_DIRECTORY if self.name.endswith(b"/") else 0)
        return (
            CENTRAL.pack(
                b"PK\1\2",
                _UNIX | version,
                version,
                self._flags,
                self.method,
                _dos_time(self.mtime),
                self.crc,
                packed,
                size,
                len(self.name),
                len(extra),
                0,
                0,
                0,
                attributes,
                at,
            )
            + self.name
            + extra
        )

    def written(self, crc: int, packed_bytes: int, size: int) -> ZipMember:
        """Return the member as it is when its content was written."""
        return replace(self, crc=crc, packed_bytes=packed_bytes, size=size)

    @property
    def _flags(self) -> int:
        if self.name.isascii():
            return 0
        try:
            self.name.decode()
        except UnicodeDecodeError:
            return 0
        return _UTF_8

    def _time_field(self) -> bytes:
        # Beyond it the DOS time is all there is.
        return struct.pack("<2sHBi", b"UT", 5, 1, self.mtime) if holds_time(self.mtime) else b""

    def _owner_field(self) -> bytes:
        return struct.pack("<2sHBBIBI", b"ux", 11, 1, 4, self.uid, 4, self.gid)


def end_of_zip(records: int, start: int, n_bytes: int) -> bytes:
    """Return what ends a zip: so many records of so many bytes in its central directory, which starts at ``start``."""
    end = start + n_bytes
    wide = b""
    if records >= _FULL_16 or max(n_bytes, start) >= _FULL_32:
        wide = END_64.pack(
            b"PK\6\6", END_64.size - 12, _UNIX | _ZIP64, _ZIP64, 0, 0, records, records, n_bytes, start
        ) + LOCATOR_64.pack(b"PK\6\7", 0, end, 1)
    count = min(records, _FULL_16)
    return wide + END.pack(b"PK\5\6", 0, 0, count, count, min(n_bytes, _FULL_32), min(start, _FULL_32), 0)


def holds_time(seconds: int) -> bool:
    """Whether a zip holds a time to the second: some readers take a sign for a large number."""
    return 0 <= seconds < 1 << 31


def _dos_time(seconds: int) -> int:
    """Date and time as DOS has them, in UTC: which zone is meant no zip says, and so the same tree gives the same."""
    year, month, day, hour, minute, second = _calendar(seconds)
    if year < _FIRST_YEAR:
        year, month, day, hour, minute, second = _FIRST_YEAR, 1, 1, 0, 0, 0
    elif year > _LAST_YEAR:
        year, month, day, hour, minute, second = _LAST_YEAR, 12, 31, 23, 59, 58
    return (year - _FIRST_YEAR) << 25 | month << 21 | day << 16 | hour << 11 | minute << 5 | min(second, 59) // 2


def _calendar(seconds: int) -> Sequence[int]:
    try:
        return time.gmtime(seconds)[:6]
    except (ValueError, OverflowError, OSError):
        return (0,) * 6 if seconds < 0 else (_LAST_YEAR + 1,) * 6
