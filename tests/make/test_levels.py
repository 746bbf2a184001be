"""The level of the next run, from the known runs alone: without files, a database or the clock."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pybackup.errors import UsageError
from pybackup.make.levels import LEVELS, labels_by_id, listed, next_run, run_before
from pybackup.model.catalogued import CataloguedRun, CataloguedVolume, Needed, VolumeSort
from pybackup.model.run import RunLevel, RunMark

FULL, DIFFERENTIAL, INCREMENTAL = RunLevel.FULL, RunLevel.DIFFERENTIAL, RunLevel.INCREMENTAL


def run(number: int, level: RunLevel, needs: Sequence[int] = ()) -> CataloguedRun:
    identity = bytes([number]) * 8
    held = CataloguedVolume(
        number, identity, VolumeSort.ARCHIVE, f"a{number}", b"", "", 0, False, "", "", 0, 0, 0, 0, 0
    )
    needed = tuple(Needed(bytes([each]) * 8, f"a{each}", 1, 1) for each in needs)
    return CataloguedRun(number, RunMark("c", number * 100, level), identity, b"", (held,), needed)


KNOWN = [run(1, FULL), run(2, INCREMENTAL, [1]), run(3, DIFFERENTIAL, [1])]


@pytest.mark.parametrize(
    ("level", "known", "wanted", "base"),
    [
        ("auto", [], FULL, None),
        ("auto", KNOWN, INCREMENTAL, 3),
        ("full", KNOWN, FULL, None),
        ("incremental", KNOWN, INCREMENTAL, 3),
        ("differential", KNOWN, DIFFERENTIAL, 1),
        ("incremental", KNOWN[:2], INCREMENTAL, 2),
    ],
)
def test_a_level_and_its_base(level: str, known: list[CataloguedRun], wanted: RunLevel, base: int | None) -> None:
    assert level in LEVELS
    mark, on = next_run("c", level, known, {}, 1000)
    assert (mark.level, mark.at_ns, on.id if on else None) == (wanted, 1000, base)


def test_only_what_the_last_run_lies_on_must_be_safe() -> None:
    assert next_run("c", "auto", KNOWN, {b"\2" * 8: "a2 is lost"}, 1000)[0].level is INCREMENTAL
    mark, base = next_run("c", "auto", KNOWN, {b"\1" * 8: "a1 is lost", b"\3" * 8: "a3 is suspect"}, 1000)
    assert (mark.level, mark.reason, base) == (FULL, "a1 is lost, a3 is suspect", None)
    assert labels_by_id(KNOWN[2]) == {b"\1" * 8: "a1", b"\3" * 8: "a3"}


def test_time_goes_on_where_the_clock_does_not() -> None:
    assert next_run("c", "incremental", KNOWN, {}, 5)[0].at_ns == 301


@pytest.mark.parametrize(("level", "known"), [("incremental", []), ("differential", []), ("differential", KNOWN[1:2])])
def test_there_is_nothing_to_build_on(level: str, known: list[CataloguedRun]) -> None:
    with pytest.raises(UsageError, match="to build on"):
        next_run("c", level, known, {}, 1000)


def test_what_was_cut_short_goes_on_on_what_it_began() -> None:
    assert run_before(RunMark("c", 250, INCREMENTAL), KNOWN) == KNOWN[1]
    assert run_before(RunMark("c", 350, DIFFERENTIAL), KNOWN) == KNOWN[0]
    assert run_before(RunMark("c", 350, FULL), KNOWN) is None
    assert run_before(RunMark("c", 50, INCREMENTAL), KNOWN) is None


def test_reasons_are_told_once_and_few() -> None:
    assert listed(["x", "x", "y"]) == "x, y"
    assert listed(map(str, range(8))) == "0, 1, 2, 3, 4 and 3 more"
