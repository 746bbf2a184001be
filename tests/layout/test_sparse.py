"""Sparse streams: GNU's format 1.0, cut anywhere, and maps that lie."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.errors import Damaged
from pybackup.layout import pax, ustar
from pybackup.layout.sparse import SparseLayout, SparseReader

from .values import changed, put


@st.composite
def layouts(draw: st.DrawFn) -> SparseLayout:
    extents: list[tuple[int, int]] = []
    end = 0
    for _ in range(draw(st.integers(0, 60))):
        start = end + draw(st.integers(1, 10_000))
        length = draw(st.integers(1, 30))
        extents.append((start, length))
        end = start + length
    return SparseLayout(end + draw(st.integers(0, 3)), extents)


def data_of(layout: SparseLayout) -> bytes:
    return bytes(number % 251 for number in range(layout.data_bytes))


def stream(layout: SparseLayout) -> bytes:
    return layout.head(b"f", mode=0o644, mtime=7) + data_of(layout) + layout.tail()


def read(data: bytes, size: int, cuts: tuple[int, ...] = ()) -> list[tuple[int, bytes]]:
    """What the writes come to when the stream is cut at some places: neighbours joined."""
    reader = SparseReader(size)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    joined: list[tuple[int, bytes]] = []
    for start, end in pairwise(places):
        for offset, part in reader.feed(data[start:end]):
            if joined and joined[-1][0] + len(joined[-1][1]) == offset:
                joined[-1] = (joined[-1][0], joined[-1][1] + part)
            else:
                joined.append((offset, part))
    reader.finish()
    return joined


def expected(layout: SparseLayout) -> list[tuple[int, bytes]]:
    data, at, found = data_of(layout), 0, []
    for offset, length in layout.extents:
        found.append((offset, data[at : at + length]))
        at += length
    return found


PLAIN = SparseLayout(1_000_000, [(4096, 5), (8192, 3)])


def test_stream_is_the_golden_one() -> None:
    data = stream(PLAIN)
    records = (
        b"22 GNU.sparse.major=1\n"
        b"22 GNU.sparse.minor=0\n" b"21 GNU.sparse.name=f\n" b"31 GNU.sparse.realsize=1000000\n"
    )  # fmt: skip
    first = ustar.Header.unpack(data[:512])
    assert (first.typeflag, first.name, first.size) == (b"x", b"PaxHeaders/content", len(records))
    assert data[512:1024] == records.ljust(512, b"\0")
    second = ustar.Header.unpack(data[1024:1536])
    assert second == ustar.Header(b"GNUSparseFile.0/content", 0o644, size=520, mtime=7)
    assert data[1536:2048] == b"3\n4096\n5\n8192\n3\n1000000\n0\n".ljust(512, b"\0")
    assert data[2048:] == bytes(range(8)) + bytes(504 + 1024)


@given(layouts(), st.lists(st.integers(0, 2**32), max_size=20).map(tuple))
@settings(deadline=None)
def test_stream_comes_back_wherever_it_is_cut(layout: SparseLayout, cuts: tuple[int, ...]) -> None:
    assert read(stream(layout), layout.size, cuts) == expected(layout)


def test_stream_comes_back_byte_by_byte() -> None:
    data = stream(PLAIN)
    assert read(data, PLAIN.size, tuple(range(len(data)))) == expected(PLAIN)


@pytest.mark.parametrize("size", [1, 4096, 2**40])
def test_file_that_is_nothing_but_a_hole_comes_back(size: int) -> None:
    assert read(stream(SparseLayout(size, [])), size) == []


def test_map_of_many_blocks_comes_back() -> None:
    layout = SparseLayout(10_000_000, [(offset, 3) for offset in range(0, 10_000_000, 1000)])
    data = stream(layout)
    assert read(data, layout.size, tuple(range(0, len(data), 1000))) == expected(layout)


def test_any_changed_byte_of_the_head_is_refused_or_gives_extents_within_the_file() -> None:
    # Which map is the right one only the member's digest tells; here that none leaves the file.
    data = stream(PLAIN)
    head = len(PLAIN.head(b"f", mode=0o644, mtime=7))
    accepted = 0
    for place, damaged in changed(data[:head], (0x01, 0x0F, 0x80)):
        try:
            writes = read(damaged + data[head:], PLAIN.size)
        except Damaged:
            continue
        if place >= 1536:
            accepted += 1
        else:
            # A blank for a NUL in a checksum, or another name.
            assert writes == expected(PLAIN)
        assert sum(len(part) for _, part in writes) == 8
        assert all(offset + len(part) <= PLAIN.size for offset, part in writes)
    assert accepted < 30


def remade(text: bytes, *, data: bytes = bytes(512), size: int | None = None, **said: bytes) -> bytes:
    """A stream with this map, its headers fitting unless told otherwise."""
    records = {b"GNU.sparse.major": b"1", b"GNU.sparse.minor": b"0", b"GNU.sparse.name": b"f"}
    records[b"GNU.sparse.realsize"] = b"1000000"
    records |= {b"GNU.sparse." + key.encode(): value for key, value in said.items()}
    text += ustar.padding(len(text))
    length = len(text) + 8 if size is None else size
    return pax.member(b"content", records, 0) + ustar.Header(b"f", size=length).pack() + text + data


MAP = b"2\n4096\n5\n8192\n3\n"
REFUSED = {
    "overlap": (remade(b"2\n4096\n5\n4100\n3\n"), "overlap or leave"),
    "extents out of order": (remade(b"2\n8192\n5\n4096\n3\n"), "overlap or leave"),
    "extent behind the end": (remade(b"2\n4096\n5\n999998\n3\n"), "overlap or leave"),
    "extent far behind the end": (remade(b"2\n4096\n5\n999999999999999999\n3\n"), "overlap or leave"),
    "extent of nothing": (remade(b"3\n4096\n5\n5000\n0\n8192\n3\n"), "extent of nothing"),
    "negative offset": (remade(b"2\n-4096\n5\n8192\n3\n"), "a number is missing"),
    "blank line": (remade(b"2\n\n5\n8192\n3\n"), "a number is missing"),
    "blank before a number": (remade(b"2\n 4096\n5\n8192\n3\n"), "a number is missing"),
    "text": (remade(b"two\n"), "a number is missing"),
    "number of 19 digits": (remade(b"2\n" + 19 * b"1" + b"\n5\n8192\n3\n"), "a number is missing"),
    "number of a million digits": (remade(1_000_000 * b"1" + b"\n5\n8192\n3\n"), "a number is missing"),
    "no map": (remade(b"", data=b""), "ends too early"),
    "map without its end": (remade(b"3\n4096\n5\n8192\n3\n1000000\n", data=b""), "ends too early"),
    "more extents than lines": (remade(b"999999999999999999\n4096\n5\n8192\n3\n", data=b"\n"), "ends too early|number"),
    "something behind the map": (put(remade(MAP), 2047, b"x"), "behind its map"),
    "more data than it says": (remade(MAP, size=519), "another length"),
    "less data than it says": (remade(MAP, size=521), "another length"),
    "data cut off": (remade(MAP, data=bytes(7)), "ends too early"),
    "version 2": (remade(MAP, major=b"2"), "another version"),
    "version 1.1": (remade(MAP, minor=b"1"), "another version"),
    "another size": (remade(MAP, realsize=b"999999"), "another version or size"),
    "a plain file": (ustar.Header(b"f", size=0).pack() + bytes(1024), "without its records"),
    "records of 1 GiB": (ustar.Header(b"x", size=1 << 30, typeflag=b"x").pack(), "without its records"),
    "records that lie": (ustar.Header(b"x", size=30, typeflag=b"x").pack() + b"99 a=b\n".ljust(1024, b"\0"), "length"),
    "no header behind the records": (remade(MAP)[:1024] + bytes(2048), "ustar magic"),
    "a directory": (
        remade(MAP)[:1024] + ustar.Header(b"d", typeflag=b"5").pack() + bytes(1024),
        "without its file",
    ),
    "nothing": (b"", "ends too early"),
    "half a header": (remade(MAP)[:500], "ends too early"),
    "records only": (remade(MAP)[:1024], "ends too early"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_a_rule_is_refused_for_it(data: bytes, reason: str) -> None:
    for cuts in ((), tuple(range(0, min(len(data), 4096), 37))):
        with pytest.raises(Damaged, match=reason):
            read(data, 1_000_000, cuts)


def test_remade_stream_that_fits_is_accepted() -> None:
    assert read(remade(MAP), 1_000_000) == [(4096, bytes(5)), (8192, bytes(3))]
