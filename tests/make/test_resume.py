"""Resuming the creation of a set: it continues after the finished volumes, and reports files changed since."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from kit.sets import create
from kit.trees import plant_noise

from pybackup.errors import UsageError
from pybackup.make.plan import CreateOptions
from pybackup.make.plan_set import SetOptions, SetPlan, plan_set
from pybackup.make.resume import Resumption, find_finished, resume
from pybackup.model.entry import Kind
from pybackup.model.problem import Trouble
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.geometry import ParityOptions

SIZES = (90_000, 80_000)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    create(plant_noise(tmp_path / "top"), tmp_path / "set", SIZES, 0)
    return tmp_path / "top"


def _plan(top: Path, *, parity: str = "10%", sizes: tuple[int, int] = SIZES) -> SetPlan:
    options = CreateOptions(parity=ParityOptions(parse_amount(parity)), workers=1)
    to = SetOptions(os.fsencode(top.parent / "set"), "docs", sizes[-1], sizes[:-1], True)
    return plan_set([Source(os.fsencode(top), b"top")], to, judge=None, options=options, monitor=Monitor())


def _resumed(top: Path, monitor: Monitor, keep: int = 2, **more: str) -> Resumption:
    """Return the resumption of a set of which only the first ``keep`` volumes are left."""
    plan = _plan(top, **more)  # type: ignore[arg-type]
    for path in sorted((top.parent / "set").iterdir())[keep:]:
        path.unlink()
    return resume(plan.plan, find_finished(plan.set.directory, "docs"), plan.set, monitor)


def test_what_is_finished_and_what_is_still_to_come_are_the_tree(top: Path) -> None:
    heard = Monitor()
    begun = _resumed(top, heard)
    assert [done.info.number for done in begun.finished] == [1, 2]
    assert (begun.complete, heard.problems) == (False, [])
    there = {row.entry.path for done in begun.finished for row in done.rows}
    left = [planned.entry.path for planned in begun.entries]
    whole = {planned.entry.path for planned in _plan(top).plan.entries}
    assert there | set(left) >= whole
    # Only a file split between the volumes, and directories still open, are in both.
    files = {planned.entry.path for planned in begun.entries if planned.entry.kind is Kind.FILE}
    assert files & there <= {begun.path}
    assert begun.blobs == [done.blob for done in begun.finished]


def test_nothing_finished_is_a_new_set(top: Path) -> None:
    begun = _resumed(top, Monitor(), keep=0)
    assert (begun.set_id, begun.blobs, begun.finished, begun.complete) == (b"", (), (), False)


def test_all_of_it_is_complete(top: Path) -> None:
    assert _resumed(top, Monitor(), keep=99).complete


def test_what_changed_since_is_told(top: Path) -> None:
    first = sorted((top / "d0").iterdir())[0]
    first.write_bytes(b"changed")
    (top / "d0/a new one").write_bytes(b"new")
    heard = Monitor()
    _resumed(top, heard)
    reasons = {os.path.basename(problem.path): problem.reason for problem in heard.problems}
    assert {problem.trouble for problem in heard.problems} == {Trouble.CHANGED}
    assert reasons[os.fsencode(first.name)].startswith("changed after its volume was written")
    assert reasons[b"a new one"].startswith("is new since its volume was written")


def test_other_options_are_refused(top: Path) -> None:
    with pytest.raises(UsageError, match="made with parity 10%; resume with the same"):
        _resumed(top, Monitor(), parity="20%")
    plan = _plan(top)
    finished = find_finished(plan.set.directory, "docs")
    with pytest.raises(UsageError, match="was made to fit 90000 bytes"):
        resume(plan.plan, finished, replace(plan.set, first_bytes=()), Monitor())
    with pytest.raises(UsageError, match="made with another pack"):
        resume(plan.plan, finished, replace(plan.set, tight=True), Monitor())
    other = replace(plan.plan, options=replace(plan.plan.options, comment="words"))
    with pytest.raises(UsageError, match="made with another comment"):
        resume(other, finished, plan.set, Monitor())


def test_a_gap_or_another_set_is_refused(top: Path) -> None:
    directory = top.parent / "set"
    whole = {path.name: path.read_bytes() for path in directory.iterdir()}
    assert len(whole) >= 3
    (directory / "docs-002.xtar").unlink()
    with pytest.raises(UsageError, match=r"docs-002.xtar: is missing, but later volumes exist"):
        find_finished(os.fsencode(directory), "docs")
    create(plant_noise(top.parent / "other", seed=9), top.parent / "others", SIZES, 0)
    (directory / "docs-002.xtar").write_bytes((top.parent / "others/docs-002.xtar").read_bytes())
    with pytest.raises(UsageError, match="belongs to another set than"):
        find_finished(os.fsencode(directory), "docs")


def test_without_a_first_volume_there_is_nothing_to_go_on_with(top: Path) -> None:
    (top.parent / "set/docs-001.xtar").unlink()
    assert find_finished(os.fsencode(top.parent / "set"), "docs") == []
    assert find_finished(os.fsencode(top.parent / "set"), "photos") == []
