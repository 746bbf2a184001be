"""Runs among archives: which archives belong to one run, what each builds on, and adding a volume later."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.living import SEGMENT, Tree

import pybackup
from pybackup.archive.runs import runs_among
from pybackup.errors import UsageError
from pybackup.monitor import Monitor


def test_archives_and_sets_are_runs_and_what_is_away_can_be_taken_in(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", 3)
    for number in range(3):
        tree.write(tree.top / f"big{number}", 600_000)
    pybackup.create_set([tree.top], volumes=tmp_path / "set", volume_size=1 << 20, segment_size=SEGMENT, workers=1)
    tree.write(tree.top / "new", 1000)
    first, *others = sorted((tmp_path / "set").iterdir())
    pybackup.create([tree.top], output=tmp_path / "x.xtar", since_archive=[tmp_path / "set"], workers=1)
    named = [os.fsencode(path) for path in (tmp_path / "x.xtar", first)]
    runs = runs_among([*named, b"tree/new"], Monitor())
    assert runs.patterns == [b"tree/new"]
    last = next(run for run in runs.runs if run.archive not in {each.identity for each in run.needs} and run.needs)
    assert last.builds_on(next(run for run in runs.runs if run is not last))
    with runs.open(last, Monitor()) as archive:
        rows = [row for row, path in enumerate(archive.listing.paths) if path in (b"tree/new", b"tree/big2")]
        needed = {each.needed.label: each for each in runs.needs_of(archive, rows)}
    assert {label for label, each in needed.items() if each.path} == {"x.xtar"}
    assert (needed["x.xtar"].needed.files, needed["x.xtar"].needed.n_bytes) == (1, 1000)
    del needed["x.xtar"]
    assert {*needed} == {f"tree {number}" for number in range(2, 2 + len(others))}
    for each in needed.values():
        assert not runs.take(last, each.needed.identity, os.fsencode(first))
        assert sum(runs.take(last, each.needed.identity, os.fsencode(path)) for path in others) == 1
    with runs.open(last, Monitor()) as archive:
        assert all(each.path for each in runs.needs_of(archive, rows))


def test_a_run_of_which_nothing_is_at_hand_names_what_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    pybackup.create([tmp_path / "tree"], output=tmp_path / "x.xtar", workers=1)
    runs = runs_among([os.fsencode(tmp_path / "x.xtar")], Monitor())
    runs.files.clear()
    runs.places.clear()
    with pytest.raises(UsageError, match=r"x\.xtar: is not at hand, but has the list of all files"):
        runs.open(runs.runs[0], Monitor())
    with pytest.raises(UsageError, match="no archive is in this directory"):
        runs_among([os.fsencode(tmp_path / "tree")], Monitor())
