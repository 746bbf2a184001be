"""Bytes made to hurt: each is refused before it takes memory or time in proportion to what it claims."""

from __future__ import annotations

import hashlib
import lzma
import struct
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest

from pybackup.codes import rs255 as codeword
from pybackup.container.structure import read_structure
from pybackup.errors import Damaged, FormatError, Refused
from pybackup.layout import index, pax, ustar
from pybackup.layout.acl import acl_from_text
from pybackup.layout.columns import Reader, pack_column
from pybackup.layout.index import FOOT_MAGIC, HEAD_MAGIC, Head
from pybackup.layout.sparse import SparseReader
from pybackup.layout.table import Table
from pybackup.model.entry import Kind

from .values import ARCHIVE_ID

U32 = 2**32 - 1
MIB = 1 << 20


def column(planes: int, base: int = 0) -> bytes:
    return struct.pack("<Bq", planes, base)


def bomb(packed: bytes, plain_bytes: int, *, entries: int = 0, digests: int = 0, tail: bytes = b"") -> bytes:
    """An index around packed columns, every checksum and the parity fitting."""
    body = packed + tail
    digest = hashlib.sha256(body).digest()[:16]
    head = Head(index.CONTAINER, 4, ARCHIVE_ID, 1, entries, digests, 0, plain_bytes, len(body), digest)
    return head.pack(HEAD_MAGIC) + body + codeword.protect(body) + head.pack(FOOT_MAGIC)


def zeros(count: int) -> bytes:
    """Raw LZMA2 of ``count`` zeros, made without having them all."""
    packer = lzma.LZMACompressor(format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}])
    parts = [packer.compress(bytes(min(MIB, count - at))) for at in range(0, count, MIB)]
    return b"".join((*parts, packer.flush()))


def open_index(data: bytes) -> object:
    blob = index.unpack_index(data)
    head = blob.head
    return Table(blob.plain, blob.digests, entries=head.entries, digest_bytes=head.digest_bytes, base=head.base)


def entries_of(kind: Kind, count: int, members: int, owners: int = 1) -> bytes:
    """Columns of entries that are alike, up to the number of their owners."""
    entries = b"".join(column(0, value) for value in (kind, 0, 0, 0, 0, 0, 0, 0, members))
    texts = column(0, 1) + count * b"n" + 2 * column(0)
    return entries + texts + 6 * column(0) + struct.pack("<I", owners) + 4 * column(0)


def head_of(**fields: int) -> bytes:
    plain = Head(index.TREE, 32, ARCHIVE_ID, 0, 0, 0, 0, 0, 1000)
    return replace(plain, **fields).pack(HEAD_MAGIC)  # type: ignore[arg-type]


def table_of(plain: bytes, entries: int, digests: bytes = b"") -> Callable[[], object]:
    return lambda: Table(plain, digests, entries=entries, digest_bytes=4, base=0)


def sparse(data: bytes) -> Callable[[], object]:
    def feed() -> None:
        reader = SparseReader(1 << 60)
        for at in range(0, len(data), MIB):
            reader.feed(data[at : at + MIB])
        reader.finish()

    return feed


def sparse_map(text: bytes) -> bytes:
    records = {b"GNU.sparse.major": b"1", b"GNU.sparse.minor": b"0", b"GNU.sparse.realsize": b"%d" % (1 << 60)}
    return pax.member(b"content", records, 0) + ustar.Header(b"f", size=8 << 30).pack() + text


HOSTILE: dict[str, Callable[[], object]] = {
    "head of 2^32 - 1 entries": lambda: Head.unpack(head_of(entries=U32)),
    "head of 2^32 - 1 digests": lambda: Head.unpack(head_of(digests=U32)),
    "head that grows to 2^64": lambda: Head.unpack(head_of(plain_bytes=2**64 - 1)),
    "head that is an exabyte long": lambda: index.unpack_index(head_of(body_bytes=1 << 60) + bytes(1000)),
    "index of 2^32 - 1 entries": lambda: open_index(bomb(zeros(1000), 1000, entries=U32)),
    "zeros for 96 MiB": lambda: open_index(bomb(zeros(96 * MIB), 96 * MIB)),
    "zeros for 96 MiB, said to be few": lambda: open_index(bomb(zeros(96 * MIB), 1000)),
    "a million entries of zeros": lambda: open_index(bomb(zeros(MIB), MIB, entries=MIB)),
    "table of 2^32 - 1 entries": table_of(column(0), U32),
    "members by the billion": table_of(entries_of(Kind.FILE, 100, 2**30), 100),
    "members by the billion for each digest": table_of(entries_of(Kind.FILE, 100, 2**30), 100, bytes(400)),
    "members that sum up to more than 64 bits": table_of(entries_of(Kind.FILE, 100, 2**62), 100),
    "owners by the billion": table_of(entries_of(Kind.SYMLINK, 100, 0, U32), 100),
    "column of 255 planes": lambda: Reader(column(255) + bytes(1000)).column(4),
    "column of 2^32 - 1 values": lambda: Reader(column(1) + bytes(1000)).column(U32),
    "text of 2^63 - 1 bytes": lambda: Reader(pack_column([2**63 - 1]) + b"a").texts(1),
    "pax record of 10^19 bytes": lambda: pax.unpack_records(b"9999999999999999999 a=b\n"),
    "pax record of length 0": lambda: pax.unpack_records(b"0 a=b\n"),
    "pax records of length 1": lambda: pax.unpack_records(1000 * b"1 "),
    "id of a million digits": lambda: acl_from_text(b"user:" + MIB * b"9" + b":rwx"),
    "map of 10^18 extents": sparse(sparse_map(b"999999999999999999\n0\n1\n")),
    "map with a number of 8 MiB": sparse(sparse_map(b"1\n" + 8 * MIB * b"9" + b"\n")),
    "map whose first line does not end": sparse(sparse_map(8 * MIB * b"9")),
    "map of empty extents": sparse(sparse_map(b"9999999\n" + 100_000 * b"0\n0\n")),
    "negative size": lambda: ustar.Header.unpack(negative_size()),
}


def negative_size() -> bytes:
    block = ustar.Header(b"a", typeflag=b"x").pack()
    return ustar.with_checksum(block[:124] + ustar.number(-512, 12) + block[136:])


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_are_refused_in_bounded_memory(attack: Callable[[], object]) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(FormatError) as refusal:
            attack()
        assert tracemalloc.get_traced_memory()[1] < 256 * MIB
    finally:
        tracemalloc.stop()
    assert isinstance(refusal.value, Damaged | Refused)
    assert len(str(refusal.value)) < 300


def test_header_of_negative_size_does_not_send_the_structure_reader_back() -> None:
    # Once an endless loop: back by one block, forth by one block.
    good = ustar.Header(b"d/", 0o755, typeflag=b"5").pack()
    assert [entry.path for entry in read_structure(negative_size() + good + ustar.END)] == [b"d"]
