"""The header of a recovery volume's shard: which set it is of, and what each data volume of that set is.

| offset | size | type  | field       | meaning                                              |
| ------ | ---- | ----- | ----------- | ---------------------------------------------------- |
| 0      | 8    | bytes | magic       | ``XTRECOVR``                                         |
| 8      | 1    | u8    | version     | 1                                                    |
| 9      | 1    | u8    | flags       | bit 0: the copy behind the shard                     |
| 10     | 2    | bytes | reserved    | zero                                                 |
| 12     | 4    | u32   | number      | of this recovery volume, from 1                      |
| 16     | 4    | u32   | first       | recovery volume of those that were made together     |
| 20     | 4    | u32   | count       | how many were made together                          |
| 24     | 8    | bytes | set_id      | of the set                                           |
| 32     | 8    | u64   | shard_bytes | longest body, filled up to whole sectors of 2048     |
| 40     | 4    | u32   | volumes     | data volumes of the set                              |
| 44     | 4    | u32   | crc         | CRC-32 of all of the header without these 4 bytes    |

A row for each data volume follows, by its number: archive_id (8 bytes), body_bytes (u64), digest (the SHA-256 of the
body, 32 bytes). Zeros fill the header up to whole sectors.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pybackup.errors import Damaged, Refused
from pybackup.sector import SECTOR

from .guard import MAX_SHARDS

MAGIC = b"XTRECOVR"
VERSION = 1
HEAD = struct.Struct("<8sBB2sIII8sQII")
ROW = struct.Struct("<8sQ32s")
MAX_VOLUMES = MAX_SHARDS // 2
_COPY = 1
_CRC = struct.Struct("<I")
_MAX_BYTES = 1 << 62


@dataclass(frozen=True, slots=True)
class Body:
    """What the body of a data volume is: all of the archive before its parity.

    Attributes
    ----------
    archive_id
        8 bytes.
    digest
        Its SHA-256.
    """

    archive_id: bytes
    n_bytes: int
    digest: bytes


@dataclass(frozen=True)
class RecoveryHeader:
    """The header, and its copy but for one flag.

    Attributes
    ----------
    number
        Of this recovery volume, from 1.
    first, count
        The recovery volumes that were made together with it: numbers ``first`` to ``first + count - 1``.
    bodies
        Of the data volumes, by their numbers from 1 on.
    is_copy
        It stands behind the shard.

    Raises
    ------
    Refused
        The numbers contradict each other, or no code has so many volumes.
    """

    set_id: bytes
    number: int
    first: int
    count: int
    bodies: Sequence[Body]
    is_copy: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.bodies) <= MAX_VOLUMES:
            raise Refused("a recovery volume of no volumes, or of more than there can be")
        # The shards of the code are numbered from 0.
        volumes = 1 << (len(self.bodies) - 1).bit_length()
        if not (0 < self.first <= self.number < self.first + self.count <= MAX_SHARDS - volumes + 1):
            raise Refused("a recovery volume with a number that it cannot have")
        if not all(0 < body.n_bytes <= _MAX_BYTES for body in self.bodies):
            raise Refused("a recovery volume of volumes of no bytes, or of more than there can be")

    @cached_property
    def shard_bytes(self) -> int:
        """Length of the shard: that of the longest body, in whole sectors."""
        longest = max(body.n_bytes for body in self.bodies)
        return longest + -longest % SECTOR

    @property
    def header_bytes(self) -> int:
        """Length of the header, in whole sectors."""
        return header_bytes(len(self.bodies))

    @property
    def total_bytes(self) -> int:
        """Length of header, shard and copy."""
        return 2 * self.header_bytes + self.shard_bytes

    def pack(self) -> bytes:
        """Return its bytes, whole sectors."""
        head = HEAD.pack(
            MAGIC,
            VERSION,
            _COPY * self.is_copy,
            bytes(2),
            self.number,
            self.first,
            self.count,
            self.set_id,
            self.shard_bytes,
            len(self.bodies),
            0,
        )
        rows = b"".join(ROW.pack(body.archive_id, body.n_bytes, body.digest) for body in self.bodies)
        tail = rows.ljust(self.header_bytes - HEAD.size, b"\0")
        return head[: -_CRC.size] + _CRC.pack(_crc(head, tail)) + tail

    @classmethod
    def unpack(cls, data: bytes) -> RecoveryHeader:
        """Return the header that ``data`` begins with; `size_of` tells how long it has to be.

        Raises
        ------
        Damaged
            It is none, or damaged.
        Refused
            It is of another version, or contradicts itself.
        """
        size = size_of(data)
        head, tail = data[: HEAD.size], data[HEAD.size : size]
        _, version, flags, reserved, number, first, count, set_id, shard_bytes, volumes, crc = HEAD.unpack(head)
        if len(data) < size:
            raise Damaged("the header of a recovery volume that is cut")
        if version != VERSION:
            raise Refused(f"a recovery volume of version {version}, which is not known")
        if crc != _crc(head, tail):
            raise Damaged("the header of a recovery volume whose checksum differs")
        rows = tail[: volumes * ROW.size]
        if flags > _COPY or any(reserved) or any(tail[len(rows) :]):
            raise Refused("the header of a recovery volume with reserved bytes in use")
        bodies = [Body(*row) for row in ROW.iter_unpack(rows)]
        header = cls(set_id, number, first, count, bodies, is_copy=bool(flags))
        if header.shard_bytes != shard_bytes:
            raise Refused("a recovery volume whose shard is not as long as the longest body")
        return header


def size_of(data: bytes) -> int:
    """Return how long the header is that ``data`` begins with.

    Raises
    ------
    Damaged
        There is none.
    Refused
        It tells of more volumes than there can be.
    """
    if len(data) < HEAD.size:
        raise Damaged("the header of a recovery volume that is cut")
    magic, *_, volumes, _ = HEAD.unpack(data[: HEAD.size])
    if magic != MAGIC:
        raise Damaged("no header of a recovery volume")
    if volumes > MAX_VOLUMES:
        raise Refused("a recovery volume of no volumes, or of more than there can be")
    return header_bytes(volumes)


def header_bytes(volumes: int) -> int:
    """Return how long the header is for so many data volumes."""
    size = HEAD.size + volumes * ROW.size
    return size + -size % SECTOR


def _crc(head: bytes, tail: bytes) -> int:
    return zlib.crc32(tail, zlib.crc32(head[: -_CRC.size]))
