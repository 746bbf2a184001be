"""The verdict on an archive in words: whether anything is lost, what to do, and each thing once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pybackup.check.verdict import ArchiveVerdict
from pybackup.cli.verdicts import condition, harms, losses, remedy
from pybackup.mend.health import State
from pybackup.model.extents import Extents
from pybackup.model.listing import Way
from pybackup.model.verdict import Fate, FileVerdict

INTACT = ArchiveVerdict(State.INTACT, (), (), 3, 100, Way.TREE, 0)
LOST = FileVerdict(b"a\n", Fate.LOST, 10, Extents(((0, 5),)), reason="a segment is missing")
BACK = FileVerdict(b"b", Fate.REPAIRED, 10, Extents(((0, 10),)))
HURT = replace(INTACT, state=State.REPAIRABLE, damage=["the tree index: x"], not_intact=[BACK])
BEYOND = replace(INTACT, state=State.BEYOND, not_intact=[LOST, BACK], way=Way.HEADERS, missing=2)


@pytest.mark.parametrize(
    ("verdict", "state", "advice"),
    [
        (INTACT, "intact", ""),
        (HURT, "damaged, but no content is lost", "'pybackup extract' restores all of it"),
        (replace(HURT, spared=[b"b"]), "damaged, but no content is lost", "of the whole set restores it"),
        (
            BEYOND,
            "damaged beyond repair, 1 of 3 files lost, or there in part only, 2 entries not even known by name, "
            "1 more damaged, which come back",
            "'pybackup salvage' restores what is left",
        ),
        (replace(BEYOND, missing=None), "and maybe more that no index lists", "'pybackup salvage'"),
        (replace(BEYOND, way=None, missing=None, not_intact=()), "damaged beyond repair", "with another copy"),
    ],
)
def test_how_it_is_and_what_to_do(verdict: ArchiveVerdict, state: str, advice: str) -> None:
    assert state in condition(verdict)
    assert advice in remedy(verdict)
    assert bool(advice) == bool(remedy(verdict))


def test_what_is_lost_is_told_once_and_as_it_can_be_shown() -> None:
    assert list(losses(INTACT)) == []
    assert list(losses(BEYOND)) == [
        "lost: 2 entries, not even known by name",
        r"lost: a\n: a segment is missing",
    ]
    assert next(losses(replace(BEYOND, missing=None))).startswith("lost: nothing is left that says how many")


def test_what_is_damaged_and_not_lost_is_told_with_how_it_comes_back() -> None:
    assert list(harms(HURT)) == ["needs repair: b", "damaged: the tree index: x"]
    assert next(harms(replace(HURT, spared=[b"b"]))) == "damaged here, whole on another volume: b"
    many = list(harms(replace(HURT, damage=[f"place {number}\x1b" for number in range(9)])))
    assert many[-1] == "damaged: 4 more places in its structures; --json names them"
    assert not any("\x1b" in line for line in many)
