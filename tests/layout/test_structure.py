"""The structure: a tar of everything without content, written and read back, whole and damaged."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.container.structure import read_structure, write_structure
from pybackup.layout import ustar
from pybackup.model.entry import Entry, Kind, Owner

from .values import changed

_names = st.binary(min_size=1, max_size=140).map(lambda name: re.sub(rb"[\0/]", b"_", name))
_texts = st.text("ann\u00e4", max_size=16).map(str.encode) | st.binary(max_size=20).map(
    lambda t: t.replace(b"\0", b"_")
)
# Longer ones beyond ASCII are cut: FORMAT.md, What extends a header.
_ids = st.integers(0, 2**32 - 1)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    kind = draw(st.sampled_from([kind for kind in Kind if kind is not Kind.FILE]))
    is_link = kind in (Kind.SYMLINK, Kind.HARDLINK)
    return Entry(
        b"/".join(draw(st.lists(_names, min_size=1, max_size=3))),
        kind,
        draw(st.integers(0, 0o7777)),
        Owner(draw(_ids), draw(_ids), draw(_texts), draw(_texts)),
        draw(st.integers(-(2**60), 2**60)),
        target=draw(_names) if is_link else b"",
        device=draw(st.tuples(_ids, _ids)) if kind in (Kind.CHARACTER, Kind.BLOCK) else (0, 0),
        xattrs=draw(st.dictionaries(st.binary(min_size=1, max_size=9), st.binary(max_size=9), max_size=2)),
    )


def pack(*entries: Entry) -> bytes:
    return b"".join(write_structure(entries))


SMALL = (
    Entry(b"d", Kind.DIRECTORY, 0o750, Owner(1, 2, b"ann", b"staff"), -1, xattrs={b"user.a=b": b"\0"}),
    Entry(b"d/\xff", Kind.SYMLINK, 0o777, mtime_ns=5, target=b"../x"),
    Entry(b"d/" + 120 * b"n", Kind.FIFO, 0o600),
    Entry(b"dev", Kind.BLOCK, 0o600, device=(8, 1)),
    Entry(b"hard", Kind.HARDLINK, target=150 * b"t"),
)


def test_structure_starts_as_the_golden_one() -> None:
    data = pack(Entry(b"d", Kind.DIRECTORY, 0o750, Owner(1, 2, b"ann", b"staff"), 1_000_000_007))
    assert len(data) == 512 + 1024
    numbers = (b"0000750", b"0000001", b"0000002", b"00000000000", b"00000000001")
    assert data[:148] == b"d/" + bytes(98) + b"".join(number + bytes(1) for number in numbers)
    assert data[156:158] == b"5\0"
    assert data[345:353].hex() == "0058545307000000"
    assert data[512:] == bytes(1024)


@given(st.lists(entries(), max_size=6))
@settings(deadline=None)
def test_entries_come_back(expected: list[Entry]) -> None:
    data = pack(*expected)
    assert list(read_structure(data, strict=True)) == expected
    assert pack(*read_structure(data)) == data


def test_nothing_is_no_structure() -> None:
    assert pack() == b""
    assert list(read_structure(b"")) == []


def test_damage_loses_entries_and_never_changes_one() -> None:
    data = pack(*SMALL)
    assert list(read_structure(data, strict=True)) == list(SMALL)
    for _, damaged in changed(data, (0x01,)):
        found = list(read_structure(damaged, strict=True))
        assert all(entry in SMALL for entry in found)
        assert len(found) >= len(SMALL) - 1


@given(st.integers(0, 2**32), st.integers(1, 60))
@settings(deadline=None)
def test_scattered_damage_never_changes_an_entry(seed: int, count: int) -> None:
    source = random.Random(seed)
    data = bytearray(pack(*SMALL))
    for _ in range(count):
        data[source.randrange(len(data))] = source.randrange(256)
    assert all(entry in SMALL for entry in read_structure(bytes(data), strict=True))


@pytest.mark.parametrize("length", [1, 511, 512, 513, 1025, 2000])
def test_structure_that_is_cut_gives_what_is_there(length: int) -> None:
    found = list(read_structure(pack(*SMALL)[:length], strict=True))
    assert found == list(SMALL[: len(found)])


def test_entries_of_a_plain_tar_are_taken_only_where_nothing_must_vouch_for_them() -> None:
    plain = ustar.Header(b"d/", 0o755, typeflag=b"5").pack() + ustar.END
    assert [entry.path for entry in read_structure(plain)] == [b"d"]
    assert list(read_structure(plain, strict=True)) == []


@pytest.mark.parametrize("lost", ["nothing", "a header", "its end", "records"])
def test_reader_tells_of_damage(lost: str) -> None:
    data = bytearray(pack(*SMALL))
    if lost == "a header":
        data[-1536] ^= 1
    elif lost == "records":
        data[600] ^= 1
    elif lost == "its end":
        del data[-512:]
    damage: list[int] = []
    found = list(read_structure(bytes(data), on_damage=damage.append))
    assert bool(damage) == (lost != "nothing")
    assert (found == list(SMALL)) == (lost in ("nothing", "its end"))


def test_content_of_a_plain_tar_is_no_structure() -> None:
    inner = ustar.Header(b"inner/", 0o755, typeflag=ustar.DIRECTORY).pack()
    data = ustar.Header(b"f", size=len(inner)).pack() + inner + pack(SMALL[0])
    damage: list[int] = []
    assert list(read_structure(data, on_damage=damage.append)) == [SMALL[0]]
    assert damage == []


def test_extensions_without_end_take_no_squares() -> None:
    data = 60_000 * ustar.Header(b"x", typeflag=ustar.PAX).pack()
    assert list(read_structure(data)) == []
