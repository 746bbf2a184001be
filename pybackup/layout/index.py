"""The index: everything needed to list a tree and to decode its members, without their 7z headers.

One structure serves twice. A container's own index (``.xtar.index``) holds the entries of its
directory; the tree index (``.pybackup/index``) at the end of the root container holds all of them.
An index is ``head | body | parity | foot``; the parity is RS(255,223) over the body (`pybackup.codes.rs255`),
the foot repeats the head with another magic. Little-endian.

| offset | size | type  | field         | meaning                                                  |
| ------ | ---- | ----- | ------------- | -------------------------------------------------------- |
| 0      | 8    | bytes | magic         | ``XTARIDX{`` at the head, ``}XTARIDX`` at the foot       |
| 8      | 1    | u8    | version       | 2; 1 without bundles                                     |
| 9      | 1    | u8    | scope         | 0 one container, 1 the tree                              |
| 10     | 1    | u8    | digest_bytes  | how much of each SHA-256 is kept: 4 or 32                |
| 11     | 1    | u8    | reserved      | zero                                                     |
| 12     | 8    | bytes | archive_id    | of the archive                                           |
| 20     | 4    | u32   | container     | number of the container                                  |
| 24     | 4    | u32   | entries       | how many                                                 |
| 28     | 4    | u32   | digests       | how many members carry a digest                          |
| 32     | 8    | u64   | base          | where the container's content starts in the archive      |
| 40     | 8    | u64   | plain_bytes   | length of the decompressed columns                       |
| 48     | 8    | u64   | body_bytes    | length of the body: columns by LZMA2, then digests       |
| 56     | 16   | bytes | body_digest   | first half of the body's SHA-256                         |
| 72     | 4    | u32   | crc           | CRC-32 of the 72 bytes before                            |
"""

from __future__ import annotations

import hashlib
import lzma
import os
import struct
import zlib
from dataclasses import dataclass, replace

from pybackup.codes import rs255
from pybackup.errors import Damaged, Refused
from pybackup.threads import in_threads

HEAD = struct.Struct("<8sBBBB8sIIIQQQ16sI")
HEAD_MAGIC = b"XTARIDX{"
FOOT_MAGIC = b"}XTARIDX"
VERSION = 2
VERSIONS = (1, VERSION)
CONTAINER = 0
TREE = 1

# Columns of mostly equal values compress well, but not without end: what claims more is a bomb.
_PLAIN_ALLOWANCE = 64 << 20
_PLAIN_RATIO = 64
_MAX_DICTIONARY = 8 << 20
# Measured of 200,000 files, 9.6 MB of columns: blocks cost 3 % of the packed columns and halve the time.
_BLOCK_BYTES = 2 << 20
_MOST_THREADS = 4
_PRESET, _FAST_PRESET = 6, 1
# An entry of a row takes some 300 bytes of memory. A file has a digest of 4 bytes at least, other
# entries may share theirs; a million of these come free.
_ENTRIES_ALLOWANCE = 1 << 20
_ENTRIES_RATIO = 4


@dataclass(frozen=True, slots=True)
class Head:
    """The fields of a head or foot; see the module's table."""

    scope: int
    digest_bytes: int
    archive_id: bytes
    container: int
    entries: int
    digests: int
    base: int
    plain_bytes: int = 0
    body_bytes: int = 0
    body_digest: bytes = bytes(16)
    version: int = 1

    @property
    def total_bytes(self) -> int:
        """Length of the whole index, head to foot."""
        return total_bytes(self.body_bytes)

    def pack(self, magic: bytes) -> bytes:
        """Return the 76 bytes of a head or a foot."""
        data = HEAD.pack(
            magic,
            self.version,
            self.scope,
            self.digest_bytes,
            0,
            self.archive_id,
            self.container,
            self.entries,
            self.digests,
            self.base,
            self.plain_bytes,
            self.body_bytes,
            self.body_digest,
            0,
        )
        return data[:-4] + zlib.crc32(data[:-4]).to_bytes(4, "little")

    @classmethod
    def unpack(cls, data: bytes) -> Head:
        """Return the head or foot in ``data``.

        Raises
        ------
        Damaged
            Wrong length, magic, version, CRC, or fields that break their rules.
        Refused
            Columns that would decompress to more than any tree needs.
        """
        if len(data) != HEAD.size:
            raise Damaged(f"the head of an index has {HEAD.size} bytes, not {len(data)}")
        fields = HEAD.unpack(data)
        if fields[0] not in (HEAD_MAGIC, FOOT_MAGIC):
            raise Damaged("no magic of an index")
        if fields[1] not in VERSIONS:
            raise Damaged(f"an index of version {fields[1]}, and only {VERSION} and before are known")
        if fields[13] != zlib.crc32(data[:-4]):
            raise Damaged("wrong CRC of the head of an index")
        head = cls(fields[2], fields[3], *fields[5:13])
        head = replace(head, version=fields[1])
        if head.scope > TREE or head.digest_bytes not in (4, 32) or fields[4]:
            raise Damaged("the head of an index breaks the rules of its fields")
        if head.body_bytes < head.digests * head.digest_bytes:
            raise Damaged("an index shorter than its digests")
        Allowance().add(head)
        return head


class Allowance:
    """What one or several indexes ask for together: many small ones are a bomb as one large is."""

    def __init__(self) -> None:
        self._body_bytes = self._plain_bytes = self._entries = 0

    def add(self, head: Head) -> None:
        """Take one more.

        Raises
        ------
        Refused
            All of them would decompress to more, or have more entries, than their lengths can be for; it is not taken.
        """
        body_bytes = self._body_bytes + head.body_bytes
        plain_bytes, entries = self._plain_bytes + head.plain_bytes, self._entries + head.entries
        if plain_bytes > _PLAIN_ALLOWANCE + _PLAIN_RATIO * body_bytes:
            raise Refused("an index that would grow beyond measure when decompressed")
        if entries > _ENTRIES_ALLOWANCE + _ENTRIES_RATIO * body_bytes:
            raise Refused("an index with more entries than its length can tell apart")
        self._body_bytes, self._plain_bytes, self._entries = body_bytes, plain_bytes, entries


@dataclass(frozen=True, slots=True)
class Blob:
    """A whole index as read: its head, the plain columns, the digests, and what repair it took."""

    head: Head
    plain: bytes
    digests: bytes
    corrected_bytes: int = 0


def total_bytes(body_bytes: int) -> int:
    """Return the length of an index whose body is so long."""
    return 2 * HEAD.size + body_bytes + rs255.parity_size(body_bytes)


def pack_index(head: Head, plain: bytes, digests: bytes, *, fast: bool = False) -> bytes:
    """Return the bytes of an index; the head's lengths and digest are filled in here.

    Parameters
    ----------
    fast
        Pack the columns in a third of the time, and by a twelfth larger.
    """
    body = _compress_columns(plain, _FAST_PRESET if fast else _PRESET) + digests
    full = replace(head, plain_bytes=len(plain), body_bytes=len(body), body_digest=hashlib.sha256(body).digest()[:16])
    return b"".join((full.pack(HEAD_MAGIC), body, rs255.protect(body), full.pack(FOOT_MAGIC)))


def unpack_index(data: bytes, growth: Allowance | None = None) -> Blob:
    """Return the index in ``data``, repaired by its parity where that is needed.

    Parameters
    ----------
    growth
        Takes this one too, before any of it is decompressed.

    Raises
    ------
    Damaged
        Head and foot both lost, or more damage than the parity corrects.
    Refused
        See `Head.unpack` and `Allowance.add`.
    """
    head = _either_head(data)
    if len(data) != head.total_bytes:
        raise Damaged(f"an index of {head.total_bytes} bytes, of which {len(data)} are there")
    if growth is not None:
        growth.add(head)
    body_end = HEAD.size + head.body_bytes
    body, corrected = data[HEAD.size : body_end], 0
    if not _is_body(head, body):
        from pybackup.codes import rs255_repair  # only what is damaged needs it

        try:
            repaired = rs255_repair.repair(body, data[body_end : -HEAD.size])
        except rs255_repair.Uncorrectable as error:
            raise Damaged(f"an index is damaged beyond its parity: {error}") from error
        body, corrected = repaired.body, repaired.corrected_bytes
        if not _is_body(head, body):
            raise Damaged("an index is damaged beyond its parity")
    split = len(body) - head.digests * head.digest_bytes
    return Blob(head, _decompress_columns(body[:split], head.plain_bytes), body[split:], corrected)


def _either_head(data: bytes) -> Head:
    try:
        return Head.unpack(data[: HEAD.size])
    except Damaged:
        return Head.unpack(data[-HEAD.size :])


def _is_body(head: Head, body: bytes) -> bool:
    return hashlib.sha256(body).digest()[:16] == head.body_digest


def _filters(plain_bytes: int, **options: int) -> list[dict[str, int]]:
    """The chain of the columns: LZMA2, its dictionary the power of two that holds them."""
    dictionary = min(max(4096, 1 << max(plain_bytes - 1, 1).bit_length()), _MAX_DICTIONARY)
    return [{"id": lzma.FILTER_LZMA2, "dict_size": dictionary, "pb": 0, **options}]


def _compress_columns(plain: bytes, preset: int) -> bytes:
    """Pack columns as blocks that need nothing of each other, several at a time: joined they are one stream."""
    blocks = [plain[at : at + _BLOCK_BYTES] for at in range(0, len(plain), _BLOCK_BYTES)] or [b""]
    packed = [b""] * len(blocks)

    def pack(number: int) -> None:
        # Without the end of the stream.
        block = blocks[number]
        chain = _filters(len(block), preset=preset)
        packed[number] = lzma.compress(block, format=lzma.FORMAT_RAW, filters=chain)[:-1]

    if len(blocks) == 1:
        pack(0)
    else:
        in_threads(pack, range(len(blocks)), min(_MOST_THREADS, len(blocks), os.cpu_count() or 1))
    return b"".join((*packed, b"\0"))


def _decompress_columns(packed: bytes, plain_bytes: int) -> bytes:
    decoder = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=_filters(plain_bytes))
    try:
        plain = decoder.decompress(packed, plain_bytes + 1)
    except lzma.LZMAError as error:
        raise Damaged(f"the columns of an index do not decompress: {error}") from error
    if len(plain) != plain_bytes or not decoder.eof or decoder.unused_data:
        raise Damaged("the columns of an index have another length than it says")
    return plain
