"""Which entries are restored: with the directories around them, and with hard links whose targets are restored."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.archive.selection import choose
from pybackup.model.entry import Entry, Kind, tree_key
from pybackup.model.listing import FoundRows, Listing, Way
from pybackup.model.member import Member, Method, Stored


def _listing(*entries: Entry) -> Listing:
    member = Member(0, 100, 5, 5, Method.COPY, 0, b"d" * 32)
    stored = [Stored(entry, (member,) if entry.kind is Kind.FILE else ()) for entry in entries]
    return Listing([entry.path for entry in entries], FoundRows(stored), Way.TREE, bytes(8), len(entries))


TREE = _listing(
    Entry(b"d", Kind.DIRECTORY),
    Entry(b"d/e", Kind.DIRECTORY),
    Entry(b"d/e/file", Kind.FILE, size=5),
    Entry(b"d/link", Kind.HARDLINK, target=b"d/e/file"),
    Entry(b"d/sym", Kind.SYMLINK, target=b"e/file"),
    Entry(b"m", Kind.DIRECTORY),
    Entry(b"m/link", Kind.HARDLINK, target=b"d/e/file"),
    Entry(b"m/lost", Kind.HARDLINK, target=b"gone"),
    Entry(b"z", Kind.FILE, size=5),
)


def _taken(paths: Sequence[bytes], strip: int = 0) -> dict[bytes, Stored]:
    rows = [TREE.paths.index(path) for path in paths]
    return {stored.entry.path: stored for stored in choose(TREE, rows, strip=strip)}


def test_all_of_it_is_as_it_is() -> None:
    choice = choose(TREE, range(len(TREE)))
    assert list(choice) == list(TREE)
    assert (len(choice), choice.copies, choice.targets) == (9, {}, {})


def test_nothing_is_nothing() -> None:
    assert list(choose(TREE, [])) == []


def test_directories_above_come_with_it_in_tree_order() -> None:
    assert list(_taken([b"d/e/file"])) == [b"d", b"d/e", b"d/e/file"]
    assert list(_taken([b"m/lost", b"d/sym"])) == [b"d", b"d/sym", b"m", b"m/lost"]


def test_a_link_whose_file_is_there_stays_one() -> None:
    taken = _taken([b"d/e/file", b"m/link"])
    assert (taken[b"m/link"].entry.kind, taken[b"m/link"].entry.target) == (Kind.HARDLINK, b"d/e/file")


def test_the_first_link_to_a_file_that_is_not_becomes_it_and_others_link_to_that() -> None:
    taken = _taken([b"d/link", b"m/link", b"m/lost"])
    first = taken[b"d/link"]
    assert (first.entry.kind, first.entry.size, first.members) == (Kind.FILE, 5, TREE.stored(2).members)
    assert (taken[b"m/link"].entry.kind, taken[b"m/link"].entry.target) == (Kind.HARDLINK, b"d/link")
    assert (taken[b"m/lost"].entry.kind, taken[b"m/lost"].entry.target) == (Kind.HARDLINK, b"gone")


def test_kinds_are_those_of_what_is_restored() -> None:
    choice = choose(TREE, [3, 6])
    assert [stored.entry.path for stored in choice.of(Kind.FILE)] == [b"d/link"]
    assert [stored.entry.path for stored in choice.of(Kind.DIRECTORY, Kind.HARDLINK)] == [b"d", b"m", b"m/link"]


@pytest.mark.parametrize(
    ("strip", "expected"),
    [(0, [b"d", b"d/e", b"d/e/file", b"z"]), (1, [b"e", b"e/file"]), (2, [b"file"]), (3, [])],
)
def test_leading_components_are_cut_off(strip: int, expected: list[bytes]) -> None:
    assert list(_taken([b"d/e/file", b"z"], strip)) == expected


def test_targets_of_hard_links_lose_as_many_components_and_those_of_symbolic_links_none() -> None:
    taken = _taken([b"d/e/file", b"d/link", b"d/sym"], 1)
    assert taken[b"link"].entry.target == b"e/file"
    assert taken[b"sym"].entry.target == b"e/file"


@given(st.sets(st.integers(0, len(TREE) - 1)))
def test_whatever_is_taken_has_its_directories_and_targets(rows: set[int]) -> None:
    taken = {stored.entry.path: stored for stored in choose(TREE, sorted(rows))}
    assert {TREE.paths[row] for row in rows} <= set(taken)
    assert list(taken) == sorted(taken, key=tree_key)
    for path, stored in taken.items():
        above = path.rpartition(b"/")[0]
        assert not above or taken[above].entry.kind is Kind.DIRECTORY
        if stored.entry.kind is Kind.HARDLINK and stored.entry.target != b"gone":
            target = taken[stored.entry.target].entry
            assert target.kind is Kind.FILE
            assert tree_key(target.path) < tree_key(path)
