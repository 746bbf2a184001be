"""The guard sector: the shape of a protected volume, and a slice of its table of sums.

| offset | size | type  | field         | meaning                                       |
| ------ | ---- | ----- | ------------- | --------------------------------------------- |
| 0      | 8    | bytes | magic         | ``XTPARITY``                                  |
| 8      | 1    | u8    | version       | 1                                             |
| 9      | 1    | u8    | flags         | bit 0: the stream is a sidecar                |
| 10     | 2    | bytes | reserved      | zero                                          |
| 12     | 4    | u32   | number        | of this guard sector, from 0                  |
| 16     | 8    | u64   | before_bytes  | protected bytes before the stream             |
| 24     | 8    | u64   | after_bytes   | protected bytes behind it                     |
| 32     | 32   | bytes | digest        | SHA-256 of the protected bytes                |
| 64     | 4    | u32   | groups        | how many; 0 where there is no parity          |
| 68     | 4    | u32   | data_shards   | of each group                                 |
| 72     | 4    | u32   | parity_shards | of each group                                 |
| 76     | 4    | u32   | run           | neighbouring data sectors in one group        |
| 80     | 4    | u32   | guard_groups  | groups of the table's own code                |
| 84     | 4    | u32   | front         | guard sectors before all parity               |
| 88     | 4    | u32   | spread        | guard sectors among the parity                |
| 92     | 4    | u32   | back          | guard sectors behind all parity               |
| 96     | 4    | u32   | origin        | data sector that is dealt first               |
| 100    | 24   | bytes | reserved2     | zero                                          |
| 124    | 4    | u32   | crc           | CRC-32 of the sector without these 4 bytes    |

The payload follows: 1,920 bytes, a slice of the table or parity of the slices.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pybackup.codes.form import MAX_SHARDS as MAX_SHARDS
from pybackup.errors import Damaged, Refused
from pybackup.sector import SECTOR

MAGIC = b"XTPARITY"
VERSION = 1
HEAD = struct.Struct("<8sBB2sIQQ32s9I24sI")
PAYLOAD_BYTES = SECTOR - HEAD.size
SUM_BYTES = 4
SLICE_SUMS = PAYLOAD_BYTES // SUM_BYTES
_SIDECAR = 1
_DEALT = struct.Struct("<9I")
_DEALT_OFFSET = 64
_CRC = struct.Struct("<I")
_MAX_BYTES = 1 << 62


@dataclass(frozen=True)
class Geometry:
    """Where everything of a protected volume lies; see FORMAT.md, "Volume parity".

    Attributes
    ----------
    before_bytes, after_bytes
        Protected bytes before and behind the stream.
    groups, data_shards, parity_shards, run
        How data sectors are dealt over the groups; all 0 without parity.
    guard_groups, front, spread, back
        How the table of sums is coded, and how many guard sectors stand where.
    sidecar
        The stream is a file of its own.
    origin
        The data sector that is dealt first, and with which the digest begins; the last one is followed by sector 0.

    Raises
    ------
    Refused
        The numbers contradict each other.
    """

    before_bytes: int
    after_bytes: int
    groups: int
    data_shards: int
    parity_shards: int
    run: int
    guard_groups: int
    front: int
    spread: int
    back: int
    sidecar: bool = False
    origin: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.before_bytes + self.after_bytes <= _MAX_BYTES:
            raise Refused("a volume of no bytes, or of more than there can be")
        if self.sidecar and self.after_bytes:
            raise Refused("protected bytes behind a sidecar")
        if not self.sidecar and self.before_bytes % SECTOR:
            raise Refused("a parity stream that starts within a sector")
        if self.origin and self.origin >= self.before_sectors:
            raise Refused("sectors dealt from none that there is")
        dealt = (self.groups, self.data_shards, self.parity_shards, self.run)
        if any(dealt) and (not all(dealt) or self.data_shards != self._fullest_group()):
            raise Refused("groups that do not hold the volume")
        if not has_code(self.data_shards, self.parity_shards):
            raise Refused("a group with more shards than the field has elements")
        recovery = self.guard_sectors - self.table_shards * self.guard_groups
        if not self.guard_groups or recovery < 0 or recovery % self.guard_groups:
            raise Refused("guard sectors that do not hold the table")
        if not has_code(self.table_shards, self.guard_recovery):
            raise Refused("a table with more slices than the field has elements")

    def _fullest_group(self) -> int:
        runs = -(-self.data_sectors // self.run)
        return min(self.data_sectors, -(-runs // self.groups) * self.run)

    @cached_property
    def before_sectors(self) -> int:
        """Data sectors before the stream, which is the number of its first sector."""
        return -(-self.before_bytes // SECTOR)

    @cached_property
    def data_sectors(self) -> int:
        """All data sectors, before the stream and behind it."""
        return self.before_sectors + -(-self.after_bytes // SECTOR)

    @cached_property
    def parity_sectors(self) -> int:
        """Parity sectors of all groups."""
        return self.groups * self.parity_shards

    @cached_property
    def guard_sectors(self) -> int:
        """Guard sectors, wherever they stand."""
        return self.front + self.spread + self.back

    @cached_property
    def stream_sectors(self) -> int:
        """Sectors of the stream."""
        return self.guard_sectors + self.parity_sectors

    @cached_property
    def sectors(self) -> int:
        """Sectors of the volume."""
        return self.data_sectors + self.stream_sectors

    @cached_property
    def sums(self) -> int:
        """Rows of the table: every sector but those that guard it."""
        return self.data_sectors + self.parity_sectors

    @cached_property
    def table_shards(self) -> int:
        """Slices of the table in each guard group."""
        slices = -(-self.sums // SLICE_SUMS)
        return -(-slices // max(1, self.guard_groups))

    @cached_property
    def guard_recovery(self) -> int:
        """Parity shards of each guard group."""
        return self.guard_sectors // max(1, self.guard_groups) - self.table_shards

    @property
    def stream_bytes(self) -> int:
        """Length of the stream."""
        return self.stream_sectors * SECTOR

    @property
    def volume_bytes(self) -> int:
        """Length of the file that is protected, or of both together."""
        return self.before_bytes + self.stream_bytes + self.after_bytes


def has_code(data_shards: int, parity_shards: int) -> bool:
    """Whether GF(2^16) has elements enough for a group of that many shards."""
    fewer, more = sorted((data_shards, parity_shards))
    return not fewer or (1 << (fewer - 1).bit_length()) + more <= MAX_SHARDS


@dataclass(frozen=True, slots=True)
class GuardSector:
    """One guard sector.

    Attributes
    ----------
    digest
        SHA-256 of the protected bytes; with the geometry it tells one volume from another.
    payload
        1,920 bytes.
    """

    geometry: Geometry
    digest: bytes
    number: int
    payload: bytes

    def pack(self) -> bytes:
        """Return its 2,048 bytes."""
        shape = self.geometry
        head = HEAD.pack(
            MAGIC,
            VERSION,
            _SIDECAR * shape.sidecar,
            bytes(2),
            self.number,
            shape.before_bytes,
            shape.after_bytes,
            self.digest,
            shape.groups,
            shape.data_shards,
            shape.parity_shards,
            shape.run,
            shape.guard_groups,
            shape.front,
            shape.spread,
            shape.back,
            shape.origin,
            bytes(24),
            0,
        )
        return head[: -_CRC.size] + _CRC.pack(_crc(head, self.payload)) + self.payload

    @classmethod
    def unpack(cls, data: bytes) -> GuardSector:
        """Return the guard sector that ``data`` is.

        Raises
        ------
        Damaged
            It is none, or damaged.
        Refused
            It is of another version, or contradicts itself.
        """
        if len(data) != SECTOR:
            raise Damaged("a guard sector that is cut")
        head, payload = data[: HEAD.size], data[HEAD.size :]
        magic, version, flags, reserved, number, before, after, digest, *_, reserved2, crc = HEAD.unpack(head)
        if magic != MAGIC:
            raise Damaged("no guard sector")
        if version != VERSION:
            raise Refused(f"a guard sector of version {version}, which is not known")
        if crc != _crc(head, payload):
            raise Damaged("a guard sector whose checksum differs")
        if flags > _SIDECAR or any(reserved) or any(reserved2):
            raise Refused("a guard sector with reserved bytes in use")
        *dealt, origin = _DEALT.unpack_from(head, _DEALT_OFFSET)
        geometry = _geometry(before, after, *dealt, sidecar=bool(flags), origin=origin)
        if number >= geometry.guard_sectors:
            raise Refused("a guard sector beyond the last")
        return cls(geometry, digest, number, payload)


# Thousands of guard sectors tell the same one.
_geometry = lru_cache(16)(Geometry)


def _crc(head: bytes, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(head[: -_CRC.size]))
