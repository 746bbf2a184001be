"""Partial files: their names, their verdicts, and what would bring back the rest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.model.entry import Entry, Kind
from pybackup.model.extents import Extents
from pybackup.model.member import Member, Method
from pybackup.model.problem import Problem, Trouble
from pybackup.model.verdict import Fate
from pybackup.monitor import Monitor
from pybackup.restore.remains import might_be_partial, names_beside, settle, wanted_of, why_not
from pybackup.tree.place import PlaceOptions, StagedFile, Target

ENTRY = Entry(b"d/file", Kind.FILE, 0o640, size=100)
PRESENT, NOTHING = Extents(((0, 60),)), Extents()
WANTED = Extents(((2048, 4096),))


@given(st.binary(min_size=1, max_size=255).filter(lambda name: b"/" not in name), st.integers(0, 12))
def test_names_are_free_and_partial_and_no_longer_than_a_name_may_be(name: bytes, taken: int) -> None:
    entry = Entry(b"d/" + name, Kind.FILE)
    first = list(islice(names_beside(entry, frozenset()), 20))
    assert len(set(first)) == 20
    assert all(len(each) <= 255 for each in first)
    assert all(might_be_partial(b"d/" + each) for each in first)
    reserved = frozenset(b"d/" + each for each in first[:taken])
    assert list(islice(names_beside(entry, reserved), 3)) == first[taken : taken + 3]


def test_names_at_the_top_have_no_directory_before_them() -> None:
    entry = Entry(b"file", Kind.FILE)
    assert list(islice(names_beside(entry, frozenset({b"file.partial"})), 2)) == [b"file.partial~1", b"file.partial~2"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        *((path, True) for path in (b"a.partial", b"a.partial~7", b".partial")),
        *((path, False) for path in (b"d.partial/a", b"a.partial~", b"a", b"a.partial~x", b"a.partial\n")),
    ],
)
def test_which_paths_a_partial_file_might_be_given(path: bytes, expected: bool) -> None:
    assert might_be_partial(path) == expected


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[StagedFile]:
    with Target(os.fsencode(tmp_path), PlaceOptions(), Monitor()) as target:
        begun = target.begin_file(ENTRY)
        assert begun is not None
        with begun:
            begun.write_at(0, b"x" * 60)
            yield begun


def test_what_is_left_stands_beside_its_name(staged: StagedFile, tmp_path: Path) -> None:
    verdict = settle(staged, names_beside(ENTRY, frozenset()), PRESENT, NOTHING, "damaged", WANTED)
    assert (verdict.fate, verdict.placed_as, verdict.present) == (Fate.PARTIAL, b"d/file.partial", PRESENT)
    assert (verdict.reason, verdict.wanted) == ("damaged", WANTED)
    assert verdict.needed == "sector 1 of the volume, from another copy"
    assert os.listdir(tmp_path / "d") == ["file.partial"]
    assert (tmp_path / "d/file.partial").read_bytes() == b"x" * 60 + bytes(40)


def test_what_is_left_of_an_earlier_run_is_left_alone(staged: StagedFile, tmp_path: Path) -> None:
    (tmp_path / "d/file.partial").write_bytes(b"mine")
    verdict = settle(staged, names_beside(ENTRY, frozenset()), PRESENT, NOTHING, "damaged", WANTED)
    assert verdict.placed_as == b"d/file.partial~1"
    assert (tmp_path / "d/file.partial").read_bytes() == b"mine"


@pytest.mark.parametrize("worthless", [False, True])
def test_nothing_of_it_is_lost(staged: StagedFile, tmp_path: Path, worthless: bool) -> None:
    present = PRESENT if worthless else NOTHING
    names = names_beside(ENTRY, frozenset())
    verdict = settle(staged, names, present, NOTHING, "damaged", WANTED, worthless=worthless)
    assert (verdict.fate, verdict.placed_as, verdict.present, verdict.wanted) == (Fate.LOST, None, NOTHING, WANTED)
    assert os.listdir(tmp_path / "d") == []


def test_where_it_is_not_kept_its_verdict_says_what_there_was(staged: StagedFile, tmp_path: Path) -> None:
    verdict = settle(staged, None, NOTHING, PRESENT, "damaged", NOTHING)
    assert (verdict.fate, verdict.placed_as, verdict.plausible) == (Fate.PARTIAL, None, PRESENT)
    assert verdict.needed == "another copy of the volume"
    assert os.listdir(tmp_path / "d") == []


def test_where_no_name_is_free_it_is_lost(staged: StagedFile, tmp_path: Path) -> None:
    (tmp_path / "d/only").write_bytes(b"mine")
    verdict = settle(staged, [b"only"], PRESENT, NOTHING, "damaged", WANTED)
    assert (verdict.fate, verdict.reason) == (Fate.LOST, "damaged; what is left of it could not be placed")
    assert os.listdir(tmp_path / "d") == ["only"]


@pytest.mark.parametrize(
    ("problems", "expected"),
    [
        ([], "it could not be written"),
        ([Problem(b"other", Trouble.EXISTS, "it is there")], "it could not be written"),
        ([Problem(b"f", Trouble.EXISTS, "it is there")], "another file is in the way: it is there"),
        ([Problem(b"f", Trouble.REFUSED, "no such owner")], "no such owner"),
        ([Problem(b"f", Trouble.EXISTS, "it"), Problem(b"g", Trouble.LOST, "x")], "it could not be written"),
    ],
)
def test_why_the_target_did_not_take_it(problems: list[Problem], expected: str) -> None:
    assert why_not(b"f", problems) == expected


def _member(offset: int, stream_bytes: int) -> Member:
    return Member(offset, 32 + stream_bytes + 60, stream_bytes, 500, Method.COPY, 0, b"")


def test_wanted_are_the_bad_bytes_of_its_streams_or_all_where_none_are_known() -> None:
    members = [_member(1000, 300), _member(5000, 300)]
    bad = Extents(((0, 900), (1200, 1300), (4000, 5100), (9000, 9100)))
    assert wanted_of(members, bad).ranges == ((1200, 1300), (5032, 5100))
    assert wanted_of(members, NOTHING).ranges == ((1032, 1392), (5032, 5392))
    # The header of the 7z is not needed: its note says the same.
    assert wanted_of(members[:1], Extents(((1000, 1032),))).ranges == ((1032, 1392),)
    assert not wanted_of([], bad)
