"""The watched directory as a whole, and what a scan does about one file of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybackup.errors import UsageError
from pybackup.monitor import Noted
from pybackup.stage.intake import Intake, ScanCounts
from pybackup.stage.state_file import open_state
from pybackup.stage.values import ChangeKind, KnownFile
from pybackup.stage.watched import changed_since, check_watched, times_of

from .making import Stage, new_state


def test_how_much_changed_is_told_and_nothing_is_read_or_changed(tmp_path: Path) -> None:
    stage = Stage(tmp_path).init()
    for name in ("a", "d/b", "d/c"):
        stage.write(name, b"12345")
    with open_state(os.fsencode(stage.staging)) as state:
        assert changed_since(state, None) == (3, 15)
    stage.scan()
    stage.write("d/b", b"1234567")
    (stage.watched / "a").unlink()
    with open_state(os.fsencode(stage.staging)) as state:
        assert changed_since(state, None) == (1, 7)
        assert changed_since(state, lambda candidate: "left out" if candidate.name == b"d" else None) == (0, 0)


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with new_state(tmp_path) as state:
        check_watched(state)
        (tmp_path / "watched").rmdir()
        with pytest.raises(UsageError, match="watched: no such directory"):
            check_watched(state)


def test_one_file_that_is_new_known_touched_and_renamed(tmp_path: Path) -> None:
    counts, at = ScanCounts(), tmp_path / "watched/a"
    with new_state(tmp_path) as state:
        intake = Intake(state, counts, lambda disc: [], 0, Noted())
        intake.disc.open()

        def kinds(name: bytes, row: KnownFile | None) -> list[ChangeKind]:
            status = os.stat(tmp_path / "watched" / os.fsdecode(name))
            done = [change.kind for change in intake.consider(name, row)]
            assert state.files_in(b"")[name][:3] == times_of(status)
            return done

        at.write_bytes(b"content")
        assert kinds(b"a", None) == [ChangeKind.NEW]
        row = state.files_in(b"")[b"a"]
        assert kinds(b"a", row) == []  # it is as it was
        os.utime(at, ns=(1, 1))
        assert kinds(b"a", row) == [ChangeKind.TOUCHED]
        at.rename(tmp_path / "watched/b")
        assert kinds(b"b", None) == [ChangeKind.RENAMED]
        assert intake.former == {b"a"}
        intake.disc.leave()
    assert (counts.staged, counts.staged_bytes, counts.known) == (1, 7, 2)
