"""The note: what the tar header of a file member tells us in the link name that no tar reads.

The link name of a regular file has no meaning in ustar; a first byte of NUL makes it empty for
every reader. The note makes a member decodable with nothing else left of the archive.
Little-endian, offsets from the start of the link name field.

| offset | size | type  | field            | meaning                                              |
| ------ | ---- | ----- | ---------------- | ---------------------------------------------------- |
| 0      | 4    | bytes | magic            | NUL ``XTN``                                          |
| 4      | 1    | u8    | version          | 1                                                    |
| 5      | 1    | u8    | role             | 1 content, 2 container, 3 index, 4 locator, 5 other, 6 parity, 7 to 9 |
| 6      | 1    | u8    | method           | content: filter chain, as in the index; else 0       |
| 7      | 1    | u8    | dictionary       | content: dictionary is ``1 << this``, 0 for none     |
| 8      | 8    | bytes | archive_id       | of the archive                                       |
| 16     | 4    | u32   | container        | number of the container this header lies in          |
| 20     | 4    | u32   | segment          | content: number of the segment, from 0; container: mode of its directory |
| 24     | 4    | u32   | segments         | content: how many; locator: entries in the archive; bundle: files |
| 28     | 4    | u32   | mtime_ns         | nanoseconds of the mtime, below 10^9                 |
| 32     | 8    | u64   | raw_bytes        | decoded; container: its number; locator: offset of the tree index |
| 40     | 8    | u64   | file_bytes       | logical size of the file; locator: length of the body |
| 48     | 8    | u64   | stream_bytes     | packed stream; parity: its stream; locator: size of the tree index |
| 56     | 32   | bytes | digest           | SHA-256 of the decoded bytes; zeros where none       |
| 88     | 4    | u32   | data_crc         | CRC-32 of the member's data, content and other       |
| 92     | 1    | u8    | flags            | 1 sparse, 2 changed, 8 has a base, 16 a delta; 4 container: it has xattrs |
| 93     | 3    | bytes | pax_crc          | of the pax member before it, see `pax_crc`; zeros for none |
| 96     | 4    | u32   | header_crc       | CRC-32 of the tar header, checksum and this as zeros |
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

from pybackup.errors import Damaged
from pybackup.model.member import Method

from . import ustar

NOTE = struct.Struct("<4sBBBB8sIIIIQQQ32sIB3sI")
MAGIC = b"\0XTN"
VERSION = 1
SPARSE = 1
CHANGED = 2
ATTRIBUTES = 4
BASED = 8
DELTA = 16
NO_DIGEST = bytes(32)
NO_PAX = bytes(3)

_CRC = struct.Struct("<I")
_CRC_OFFSET = ustar.NOTE_OFFSET + 96


class Role(IntEnum):
    """What a member is for."""

    CONTENT = 1
    CONTAINER = 2
    INDEX = 3
    LOCATOR = 4
    OTHER = 5
    PARITY = 6
    SET = 7
    RECOVERY = 8
    BUNDLE = 9


# The archive's own members whose content the note has the SHA-256 of, since no region has it.
HASHED = (Role.OTHER, Role.SET, Role.RECOVERY)


@dataclass(frozen=True, slots=True)
class Note:
    """The fields of a note; see the module's table."""

    role: Role
    archive_id: bytes
    container: int = 0
    method: int = 0
    dictionary: int = 0
    segment: int = 0
    segments: int = 0
    mtime_ns: int = 0
    raw_bytes: int = 0
    file_bytes: int = 0
    stream_bytes: int = 0
    digest: bytes = NO_DIGEST
    data_crc: int = 0
    flags: int = 0
    pax_crc: bytes = NO_PAX

    def pack(self) -> bytes:
        """Return the 100 bytes, the header's CRC still zero: `seal` fills it in."""
        return NOTE.pack(
            MAGIC,
            VERSION,
            self.role,
            self.method,
            self.dictionary,
            self.archive_id,
            self.container,
            self.segment,
            self.segments,
            self.mtime_ns,
            self.raw_bytes,
            self.file_bytes,
            self.stream_bytes,
            self.digest,
            self.data_crc,
            self.flags,
            self.pax_crc,
            0,
        )

    @classmethod
    def unpack(cls, block: bytes) -> Note:
        """Return the note in a whole tar header of 512 bytes.

        Raises
        ------
        Damaged
            No note, a wrong CRC, or fields that break their rules.
        """
        if len(block) != ustar.BLOCK:
            raise Damaged(f"a noted tar header has {ustar.BLOCK} bytes, not {len(block)}")
        fields = NOTE.unpack_from(block, ustar.NOTE_OFFSET)
        if fields[0] != MAGIC:
            raise Damaged("a tar header without a note")
        if fields[1] != VERSION:
            raise Damaged(f"a note of version {fields[1]}, and only {VERSION} is known")
        if fields[17] != ustar.header_crc(block, _CRC_OFFSET):
            raise Damaged("wrong CRC of a noted tar header")
        if not 1 <= fields[2] <= max(Role) or fields[15] > 31 or fields[9] >= 10**9:
            raise Damaged("a note that breaks the rules of its fields")
        if fields[3] > max(Method) or fields[4] > 63:
            raise Damaged("a note with an unknown method or an impossible dictionary")
        if fields[15] & (BASED | DELTA) not in (0, BASED, BASED | DELTA) or (
            fields[15] & BASED and fields[2] != Role.CONTENT
        ):
            raise Damaged("a note of a base that there cannot be")
        if fields[2] == Role.CONTENT and fields[7] >= fields[8]:
            raise Damaged("a note of a segment that its file does not have")
        return cls(
            role=Role(fields[2]),
            method=fields[3],
            dictionary=fields[4],
            archive_id=fields[5],
            container=fields[6],
            segment=fields[7],
            segments=fields[8],
            mtime_ns=fields[9],
            raw_bytes=fields[10],
            file_bytes=fields[11],
            stream_bytes=fields[12],
            digest=fields[13],
            data_crc=fields[14],
            flags=fields[15],
            pax_crc=fields[16],
        )


def pax_crc(member: bytes) -> bytes:
    """The low 24 bits of the CRC-32 of a whole pax member; 1 for 0, which says that there is none."""
    if not member:
        return NO_PAX
    return (zlib.crc32(member) & 0xFFFFFF or 1).to_bytes(3, "little")


def seal(block: bytes) -> bytes:
    """The header of 512 bytes with the note's CRC and then the tar checksum filled in."""
    block = block[:_CRC_OFFSET] + _CRC.pack(ustar.header_crc(block, _CRC_OFFSET)) + block[_CRC_OFFSET + 4 :]
    return ustar.with_checksum(block)
