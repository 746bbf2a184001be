"""The header of a recovery volume's shard: which set it is of, and what each data volume of that set is.

Instead of a set, it may be of archives that are none, each with its own name and parity: that is version 2.

| offset | size | type  | field       | meaning                                              |
| ------ | ---- | ----- | ----------- | ---------------------------------------------------- |
| 0      | 8    | bytes | magic       | ``XTRECOVR``                                         |
| 8      | 1    | u8    | version     | 1; 2 of archives that are no set                     |
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
body, 32 bytes). In version 2 each row goes on: groups, data_shards, parity_shards, run, guard_groups, front, spread,
back (u32 each) of the archive's parity stream, all 0 where it has none; and its file name (200 bytes, filled with
zeros). Zeros fill the header up to whole sectors.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pybackup.errors import Damaged, Refused
from pybackup.sector import SECTOR

from .guard import MAX_SHARDS, Geometry
from .ustar import BLOCK, END

MAGIC = b"XTRECOVR"
OF_SET, OF_ARCHIVES = 1, 2
HEAD = struct.Struct("<8sBB2sIII8sQII")
ROW = struct.Struct("<8sQ32s")
ROW_OF_ARCHIVE = struct.Struct("<8sQ32s8I200s")
_ROWS = {OF_SET: ROW, OF_ARCHIVES: ROW_OF_ARCHIVE}
MAX_VOLUMES = MAX_SHARDS // 2
MAX_NAME_BYTES = 200
SUFFIX = b".xtar"
# A stream is longer than what it protects only where more than 100 % of parity was asked for, and that has a limit.
_MOST_STREAM = 16
_LEAST_STREAM_BYTES = 1 << 20
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
    name
        The file name of an archive that is covered without being a volume of a set; empty for a volume of a set.
    stream
        The shape of the parity stream of such an archive; None if it has none.
    """

    archive_id: bytes
    n_bytes: int
    digest: bytes
    name: bytes = b""
    stream: Geometry | None = None

    def pack(self) -> bytes:
        """Return its row, of version 2 if it has a name."""
        start = self.archive_id, self.n_bytes, self.digest
        if not self.name:
            return ROW.pack(*start)
        shape, dealt = self.stream, [0] * 8
        if shape:
            dealt = [shape.groups, shape.data_shards, shape.parity_shards, shape.run]
            dealt += [shape.guard_groups, shape.front, shape.spread, shape.back]
        return ROW_OF_ARCHIVE.pack(*start, *dealt, self.name)


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
        if self.is_of_archives:
            names = [body.name for body in self.bodies]
            if not all(map(is_archive_name, names)) or len({*names}) < len(names):
                raise Refused("a recovery volume of archives with impossible names")
            if len({body.archive_id for body in self.bodies}) < len(names):
                raise Refused("a recovery volume that covers an archive twice")
            if self.set_id != id_of_archives(self.bodies):
                raise Refused("a recovery volume of archives with the id of others")

    @property
    def is_of_archives(self) -> bool:
        """Whether it covers archives that are no set, which have names of their own."""
        return any(body.name for body in self.bodies)

    @property
    def version(self) -> int:
        """The version of the header."""
        return OF_ARCHIVES if self.is_of_archives else OF_SET

    @cached_property
    def shard_bytes(self) -> int:
        """Length of the shard: that of the longest body, in whole sectors."""
        longest = max(body.n_bytes for body in self.bodies)
        return longest + -longest % SECTOR

    @property
    def header_bytes(self) -> int:
        """Length of the header, in whole sectors."""
        return header_bytes(len(self.bodies), self.version)

    @property
    def total_bytes(self) -> int:
        """Length of header, shard and copy."""
        return 2 * self.header_bytes + self.shard_bytes

    def pack(self) -> bytes:
        """Return its bytes, whole sectors."""
        head = HEAD.pack(
            MAGIC,
            self.version,
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
        rows = b"".join(body.pack() for body in self.bodies)
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
        if version not in _ROWS:
            raise Refused(f"a recovery volume of version {version}, which is not known")
        if crc != _crc(head, tail):
            raise Damaged("the header of a recovery volume whose checksum differs")
        rows = tail[: volumes * _ROWS[version].size]
        if flags > _COPY or any(reserved) or any(tail[len(rows) :]):
            raise Refused("the header of a recovery volume with reserved bytes in use")
        bodies = [_body(version, row) for row in _ROWS[version].iter_unpack(rows)]
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
    magic, version, *_, volumes, _ = HEAD.unpack(data[: HEAD.size])
    if magic != MAGIC:
        raise Damaged("no header of a recovery volume")
    if volumes > MAX_VOLUMES:
        raise Refused("a recovery volume of no volumes, or of more than there can be")
    return header_bytes(volumes, version if version in _ROWS else OF_SET)


def header_bytes(volumes: int, version: int = OF_SET) -> int:
    """Return how long the header is for so many data volumes, or archives."""
    size = HEAD.size + volumes * _ROWS[version].size
    return size + -size % SECTOR


def is_archive_name(name: bytes) -> bool:
    """Return whether an archive that is rebuilt may get this file name."""
    return name != SUFFIX and name.endswith(SUFFIX) and len(name) <= MAX_NAME_BYTES and not {*b"/\0"} & {*name}


def id_of_archives(bodies: Sequence[Body]) -> bytes:
    """Return the id that stands for archives that are no set, in this order: 8 bytes."""
    rows = b"".join(body.pack() for body in bodies)
    return hashlib.sha256(b"XTAR archives" + rows).digest()[:8]


def stream_start(body_bytes: int) -> int:
    """Return where the parity stream of an archive with so long a body starts: with a sector of the archive."""
    content = body_bytes + BLOCK
    return content + -content % SECTOR


def _body(version: int, row: tuple[Any, ...]) -> Body:
    archive_id, n_bytes, digest, *more = row
    if version == OF_SET:
        return Body(archive_id, n_bytes, digest)
    *dealt, padded = more
    name = padded.rstrip(b"\0")
    if not name:
        raise Refused("a recovery volume of archives with impossible names")
    stream = None
    if any(dealt):
        if n_bytes > _MAX_BYTES:
            raise Refused("a recovery volume of volumes of more bytes than there can be")
        stream = Geometry(stream_start(n_bytes), len(END), *dealt)
        if stream.stream_bytes > _MOST_STREAM * n_bytes + _LEAST_STREAM_BYTES:
            raise Refused("a recovery volume of an archive with more parity than there can be")
    return Body(archive_id, n_bytes, digest, name, stream)


def _crc(head: bytes, tail: bytes) -> int:
    return zlib.crc32(tail, zlib.crc32(head[: -_CRC.size]))
