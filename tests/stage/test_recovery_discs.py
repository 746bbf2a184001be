"""Recovery discs of a stage: made after so many discs, told by status and lost, and lost discs rebuilt from them."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.command import run

import pybackup
from pybackup.archive.find import volumes_in
from pybackup.jobs import stage_close, stage_recovery
from pybackup.jobs.stage_init import make_or_change
from pybackup.jobs.stage_recovery import begin_recovery, make_recovery_archives
from pybackup.options.stages import StageInitRequest
from pybackup.stage.cover_table import rebuildable
from pybackup.stage.values import DiscState

from .making import Stage, files_below, new_state, sqlite


def filled(base: Path, discs: int, **options: object) -> Stage:
    """A stage with so many closed discs of different sizes, and the recovery discs that were due."""
    stage = Stage(base).init(**{"recovery_every": 3, **options})
    for number in range(discs):
        stage.write(f"{number}/noise", random.Random(number).randbytes(1000 + 90_000 * number))
        stage.scan()
        stage.close()
    return stage


def rebuilt(stage: Stage, lost: list[int], to: Path) -> list[Path]:
    """Rebuild the archives of lost discs from the images of all others."""
    images = [path for path in sorted(stage.staging.glob("images/*")) if int(path.stem[-4:]) not in lost]
    assert pybackup.rebuild(images, to=to).complete
    return sorted(to.iterdir())


def test_recovery_discs_are_made_after_so_many_discs(tmp_path: Path) -> None:
    stage = filled(tmp_path, 7, recovery_volumes=2)
    status = pybackup.stage_status(stage.staging)
    # 1 to 3, two of recovery, 6 to 8, two of recovery, and the one that waits for more.
    assert [each.disc.number for each in status.discs if each.covers] == [4, 5, 9, 10]
    assert {each.covers for each in status.discs if each.covers} == {
        ("watched-0001", "watched-0002", "watched-0003"),
        ("watched-0006", "watched-0007", "watched-0008"),
    }
    assert [each.disc.state for each in status.discs] == [DiscState.BUILT] * 11
    assert status.open_disc is not None
    assert status.open_disc.number == 12
    assert stage.heard.problems == []
    assert len([*stage.staging.glob("labels/*0004*")]) == len([*stage.staging.glob("labels/*0003*")]) > 0
    assert not any((stage.staging / "volumes").iterdir())
    for each in status.discs:
        assert stage.image(each.disc.number).stat().st_size <= 2 << 20
        assert pybackup.verify(stage.image(each.disc.number)).state == "intact"


@pytest.mark.parametrize("lost", [[1], [3], [1, 2]], ids=str)
def test_a_lost_disc_is_rebuilt_byte_for_byte(lost: list[int], tmp_path: Path) -> None:
    stage = filled(tmp_path, 3, recovery_volumes=2)
    archives = {}
    for number in lost:
        (volume,) = volumes_in(os.fsencode(stage.image(number)))
        with volume.open() as file:
            archives[f"watched-{number:04}.xtar"] = file.read_at(0, volume.n_bytes)
        told = pybackup.stage_lost(stage.staging, str(number))
        assert told.rebuild_from == ("watched-0004", "watched-0005")[: lost.index(number) + 1]
        assert told.gone == ()
    assert {path.name: path.read_bytes() for path in rebuilt(stage, lost, tmp_path / "back")} == archives
    # Its image is made again, and the stage knows the disc.
    archive = tmp_path / f"back/watched-{lost[0]:04}.xtar"
    run("disc", "build", archive, "--to", tmp_path / "again")
    (image,) = (tmp_path / "again").glob("*.iso")
    (found,) = pybackup.stage_verify(stage.staging, [image])
    assert (found.disc, found.fate) == (f"watched-{lost[0]:04}", "intact")
    pybackup.extract(image, to=tmp_path / "out")
    number = lost[0] - 1
    expected = random.Random(number).randbytes(1000 + 90_000 * number)
    assert files_below(tmp_path / "out") == {f"{number}/noise": expected}


def test_lost_tells_what_can_be_rebuilt_and_what_not_any_more(tmp_path: Path) -> None:
    stage = filled(tmp_path, 3)
    for number in range(3):
        (stage.watched / f"{number}/noise").unlink()
    stage.write("other", b"so that something is watched")
    stage.scan()
    first = pybackup.stage_lost(stage.staging, "1")
    assert first.rebuild_from == ("watched-0004",)
    assert [each.path for each in first.rebuildable] == [b"0/noise"]
    status = pybackup.stage_status(stage.staging)
    assert [each.rebuild_from for each in status.discs] == [("watched-0004",), (), (), ()]
    # With a second one neither can be.
    second = pybackup.plan_stage_lost(stage.staging, "watched-0003")
    assert (second.rebuildable, second.rebuild_from) == ((), ())
    assert [each.path for each in second.gone] == [b"2/noise", b"0/noise"]
    # Nor can the first one without the recovery disc.
    third = pybackup.stage_lost(stage.staging, "4")
    assert [each.path for each in third.gone] == [b"0/noise"]
    assert {each.rebuild_from for each in pybackup.stage_status(stage.staging).discs} == {()}


def test_the_command_line_says_so(tmp_path: Path) -> None:
    stage = filled(tmp_path, 3)
    (stage.watched / "0/noise").unlink()
    stage.write("other", b"so that something is watched")
    stage.scan()
    said = run("stage", "status", stage.staging).stdout.decode()
    assert "recovery     1 recovery disc after every 3 discs\n" in said
    assert "watched-0004  built  is the recovery disc of watched-0001 to watched-0003  closed " in said
    done = run("stage", "lost", stage.staging, "1", "--dry-run")
    assert done.returncode == 0
    assert "1 file nowhere else: the disc can be rebuilt from watched-0004 and the discs covered with it\n" in (
        done.stdout.decode()
    )
    pybackup.stage_lost(stage.staging, "1")
    said = run("stage", "status", stage.staging, "--html", tmp_path / "page.html").stdout.decode()
    assert "can be rebuilt from watched-0004 and the discs covered with it" in said
    page = (tmp_path / "page.html").read_text()
    assert "lost; can be rebuilt from watched-0004" in page
    assert "is the recovery disc of watched-0001 to watched-0003" in page
    discs = json.loads(run("stage", "status", stage.staging, "--json").stdout)["discs"]
    assert discs[3]["covers"] == ["watched-0001", "watched-0002", "watched-0003"]
    assert discs[0]["rebuild_from"] == ["watched-0004"]


def test_an_image_that_is_gone_is_a_problem_and_the_recovery_disc_comes_later(tmp_path: Path) -> None:
    stage = filled(tmp_path, 2)
    image = stage.image(1).rename(tmp_path / "elsewhere.iso")
    stage.write("more", b"more" * 1000)
    stage.scan()
    assert [each.name for each in stage.close()] == ["watched-0003"]
    (problem,) = stage.heard.problems
    assert problem.reason == (
        "watched-0004: no recovery disc could be made: the image of watched-0001 is gone; put it, or a copy of the "
        "disc, back"
    )
    image.rename(stage.image(1))
    stage.write("again", b"again" * 1000)
    stage.scan()
    closed = stage.close()
    assert [each.name for each in closed] == ["watched-0004", "watched-0005"]
    assert closed[1].covers == tuple(f"watched-{number:04}" for number in range(1, 5))


@pytest.mark.parametrize("moment", ["add_recovery", "make_image", "make_labels"])
def test_a_run_that_ends_while_recovery_discs_are_made_is_gone_on_with(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = filled(tmp_path, 2, recovery_volumes=2)
    stage.write("more", b"more" * 1000)
    stage.scan()
    owner = stage_recovery if moment == "add_recovery" else stage_close
    real, calls = getattr(owner, moment), []

    def fails(*given: object, **named: object) -> object:
        calls.append(given)
        if len(calls) == (1 if moment == "add_recovery" else 3):
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(owner, moment, fails)
    with pytest.raises(KeyboardInterrupt):
        stage.close()
    monkeypatch.setattr(owner, moment, real)
    stage.scan()
    status = pybackup.stage_status(stage.staging)
    assert [each.disc.state for each in status.discs] == [DiscState.BUILT] * 5
    assert [each.disc.number for each in status.discs if each.covers] == [4, 5]
    assert status.open_disc is not None
    assert not any((stage.staging / "volumes").iterdir())
    assert len(rebuilt(stage, [1, 3], tmp_path / "back")) == 2


def test_the_history_on_a_disc_tells_of_recovery_discs(tmp_path: Path) -> None:
    stage = filled(tmp_path, 4)
    again = Stage(tmp_path / "again")
    again.base.mkdir()
    stage.watched.rename(again.watched)
    again.init(from_disc=[stage.image(5)])
    assert [note for note in again.heard.notes if "not known" in note] == []
    status = pybackup.stage_status(again.staging)
    assert [each.covers for each in status.discs] == [
        (), (), (), ("watched-0001", "watched-0002", "watched-0003"), (),
    ]  # fmt: skip
    assert pybackup.stage_lost(again.staging, "2").rebuild_from == ("watched-0004",)


def test_a_stage_without_recovery_discs_is_brought_up(tmp_path: Path) -> None:
    stage = filled(tmp_path, 1)
    with sqlite3.connect(stage.staging / "stage.sqlite") as old:
        old.executescript("DROP TABLE cover; DELETE FROM setting WHERE name LIKE 'recovery%'; PRAGMA user_version = 2;")
    assert pybackup.stage_status(stage.staging).settings.recovery_every == 0
    make_or_change(StageInitRequest(stage.watched, stage.staging, medium="2M", settle=0, recovery_every=1), stage.heard)
    stage.write("more", b"more" * 1000)
    stage.scan()
    assert [each.covers for each in stage.close()] == [(), ("watched-0001", "watched-0002")]
    assert sqlite(stage.staging / "stage.sqlite", "SELECT * FROM cover") == ["3|1", "3|2"]


def test_what_is_due(tmp_path: Path) -> None:
    with new_state(tmp_path) as state:
        begin_recovery(state, 0)
        assert state.covers() == {}
        assert make_recovery_archives(state, Stage(tmp_path).heard) == []


def by_trying(covers: dict[int, tuple[int, ...]], lost: set[int]) -> set[int]:
    """Which lost discs can be rebuilt: whole groups, as long as anything comes of it."""
    there, back = set(lost), set[int]()
    while True:
        for covered in set(covers.values()):
            recovery = [disc for disc in covers if covers[disc] == covered and disc not in lost]
            missing = set(covered) & there
            if len(missing) <= len(recovery):
                back |= missing
                there -= missing
        if there == lost - back and all(
            len(set(covered) & there) > sum(covers[disc] == covered and disc not in lost for disc in covers)
            or not set(covered) & there
            for covered in covers.values()
        ):
            return back


@given(st.dictionaries(st.integers(20, 26), st.sampled_from([(1, 2, 3), (3, 4), (4, 5, 6), (1, 6)])),
       st.sets(st.integers(1, 6)), st.sets(st.integers(20, 26)))  # fmt: skip
def test_which_lost_discs_can_be_rebuilt(covers: dict[int, tuple[int, ...]], discs: set[int], more: set[int]) -> None:
    found = rebuildable(covers, discs | more)
    assert {*found} == by_trying(covers, discs | more)
    for number, recovery in found.items():
        assert recovery
        assert all(number in covers[disc] and disc not in more for disc in recovery)
