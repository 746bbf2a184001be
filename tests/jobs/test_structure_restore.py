"""A damaged structure, or one in a damaged archive, is not restored as if nothing were missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybackup.jobs.structure import restore_structure, save_structure
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor
from pybackup.selection.filelist import named_source
from pybackup.tree.place import PlaceOptions


@pytest.mark.parametrize("damage", ["none", "header", "cut"])
def test_lost_entries_are_a_problem(damage: str, tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / "t" / name).mkdir(parents=True)
    saved = tmp_path / "s.tar"
    save_structure([named_source(os.fsencode(tmp_path / "t"))], os.fsencode(saved), judge=None, monitor=Monitor())
    data = bytearray(saved.read_bytes())
    if damage == "header":
        data[1024] ^= 1
    elif damage == "cut":
        del data[1024:]
    saved.write_bytes(data)
    monitor = Monitor()
    restore_structure(os.fsencode(saved), os.fsencode(tmp_path / "out"), PlaceOptions(), monitor=monitor)
    assert [problem.trouble for problem in monitor.problems] == [Trouble.LOST] * (damage != "none")
