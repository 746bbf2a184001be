"""A run that is killed at any point: nothing that was copied is lost, and the next run goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pybackup.cli.main import main
from pybackup.jobs import stage_archive, stage_close
from pybackup.stage import open_disc
from pybackup.stage.reconcile import reconcile
from pybackup.stage.state import StageState
from pybackup.stage.state_file import open_state
from pybackup.stage.values import ChangeKind, DiscState

from .making import Stage, files_below, kinds, rescued


class Killed(BaseException):
    """Raised in place of killing the process: nothing catches it."""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path).init()
    for number in range(6):
        made.write(f"d/{number}", os.urandom(1000))
    return made


def test_a_scan_that_ends_before_it_wrote_down_what_it_copied(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.write("d/5", b"version 1")
    stage.scan()
    stage.write("d/5", b"version 2")
    for number in range(6, 9):
        stage.write(f"d/{number}", os.urandom(1000))
    count = 0
    real = StageState.add_copy

    def die(state: StageState, copy: object) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise Killed
        real(state, copy)  # type: ignore[arg-type]

    monkeypatch.setattr(StageState, "add_copy", die)
    with pytest.raises(Killed):
        stage.scan()
    monkeypatch.undo()
    # One of the copied was deleted meanwhile: its copy is all there is of it.
    deleted = (stage.watched / "d/6").read_bytes()
    (stage.watched / "d/6").unlink()
    done = stage.scan()
    assert done.counts.staged == 1  # d/8, which was not copied yet
    assert "was interrupted" in stage.heard.notes[-1]
    assert files_below(stage.staging / "discs/watched-0001") == {**files_below(stage.watched), "d/6": deleted}
    assert kinds(stage.scan()) == {}
    with open_state(os.fsencode(stage.staging)) as state:
        assert state.discs()[0].files == 9
        assert reconcile(state, state.discs()[0], 0) == 0


STEPS = ("enter_archives", "make_image", "make_labels", "remove_archives")


@pytest.mark.parametrize("step", STEPS)
def test_closing_that_ends_at_any_step_is_gone_on_with(
    stage: Stage, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.scan()
    expected = files_below(stage.watched)

    def die(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(stage_archive if step == "enter_archives" else stage_close, step, die)
    with pytest.raises(Killed):
        stage.close()
    monkeypatch.undo()
    stage.write("later", b"later")
    done = stage.scan()
    assert [each.number for each in done.closed] == [1] * (step != "remove_archives")
    assert kinds(done) == {"later": ChangeKind.NEW}
    assert rescued(stage.image(1), tmp_path / "back") == expected
    assert files_below(stage.staging / "discs") == {"watched-0002/later": b"later"}
    with open_state(os.fsencode(stage.staging)) as state:
        assert [disc.state for disc in state.discs()] == [DiscState.BUILT, DiscState.OPEN]
    assert stage.heard.problems == []


def test_a_process_that_is_killed(stage: Stage) -> None:
    """SIGKILL in the middle of a scan, after three copies have their names."""
    program = f"""
import os, signal
from pybackup.cli.main import main
from pybackup.stage import open_disc
real, count = open_disc.place_copy, 0
def kill(*given):
    global count
    count += 1
    real(*given)
    if count == 3:
        os.kill(os.getpid(), signal.SIGKILL)
open_disc.place_copy = kill
main(["stage", "scan", {str(stage.staging)!r}])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    assert len(files_below(stage.staging / "discs/watched-0001")) == 3
    assert main(["stage", "scan", str(stage.staging), "--quiet"]) == 0
    assert files_below(stage.staging / "discs/watched-0001") == files_below(stage.watched)
    assert open_disc.OpenDisc is not None
