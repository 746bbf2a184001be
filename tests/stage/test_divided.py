"""A file that is larger than a disc: its discs are a set, and readers and the state know that it needs them all."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import pybackup
from pybackup.catalogue.connect import create_catalogue
from pybackup.catalogue.find import find_path
from pybackup.cli.main import main
from pybackup.jobs import stage_archive, stage_close
from pybackup.jobs.catalogue_import import import_catalogue
from pybackup.monitor import Monitor
from pybackup.stage.state_file import open_state
from pybackup.stage.values import ChangeKind, DiscState

from .making import RESCUE, Stage, files_below, kinds, sqlite

HUGE = random.Random(1).randbytes(3_200_000)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path).init(threshold="90%")
    made.write("before", b"before")
    made.write("film/huge", HUGE)
    made.write("late", b"late")
    return made


def states(stage: Stage) -> list[DiscState]:
    with open_state(os.fsencode(stage.staging)) as state:
        return [disc.state for disc in state.discs()]


def test_its_discs_are_closed_together_and_read_together(stage: Stage, tmp_path: Path) -> None:
    expected = files_below(stage.watched)
    done = stage.scan()
    assert kinds(done)["film/huge"] is ChangeKind.NEW
    assert "film/huge: is larger than a disc: divided over discs that are closed together" in stage.heard.notes[0]
    # They take other files until the last of them is full.
    assert done.closed == ()
    closed = [*done.closed, *stage.close()]
    assert [each.name for each in closed] == ["watched-0001", "watched-0002", "watched-0003"]
    assert "film/huge: is on the discs watched-0001 to watched-0003, and needs all of them" in stage.heard.notes[-1]
    assert stage.heard.problems == []
    assert all(each.image_bytes <= 2 << 20 for each in closed)
    assert states(stage) == [DiscState.BUILT] * 3 + [DiscState.OPEN]
    assert [*(stage.staging / "volumes").iterdir()] == []
    images = [stage.image(number) for number in (1, 2, 3)]
    pybackup.extract(images, to=tmp_path / "back", workers=1)
    assert files_below(tmp_path / "back") == expected
    rescue = [sys.executable, str(RESCUE), "extract", *map(str, images), "--to", str(tmp_path / "rescued")]
    subprocess.run(rescue, check=True, capture_output=True)
    assert files_below(tmp_path / "rescued") == expected
    assert kinds(stage.scan()) == {}
    on = sqlite(stage.staging / "stage.sqlite", "SELECT disc FROM whereabouts WHERE path = 'film/huge' ORDER BY 1")
    assert on == ["watched-0001", "watched-0002", "watched-0003"]
    assert [each.fate.value for each in pybackup.stage_verify(stage.staging, [images[1]])] == ["intact"]


def test_losing_one_of_them_loses_the_file(stage: Stage, tmp_path: Path) -> None:
    stage.scan()
    stage.close()
    loss = pybackup.plan_stage_lost(stage.staging, "2")
    assert (loss.watched, loss.gone) == (1, ())
    (stage.watched / "film/huge").rename(tmp_path / "aside")
    assert {each.path for each in pybackup.plan_stage_lost(stage.staging, "2").gone} == {b"film/huge"}
    (tmp_path / "aside").rename(stage.watched / "film/huge")
    pybackup.stage_lost(stage.staging, "2")
    assert pybackup.stage_status(stage.staging).lost_files == 1
    assert kinds(stage.scan()) == {"film/huge": ChangeKind.AGAIN}
    stage.close()
    # On its new discs it is whole, and the lost one is not missed.
    assert pybackup.stage_status(stage.staging).lost_files == 0
    assert kinds(stage.scan()) == {}
    pybackup.stage_lost(stage.staging, "5")
    assert kinds(stage.scan()) == {"film/huge": ChangeKind.AGAIN}


def test_a_stage_that_is_made_anew_of_a_disc_knows_of_them(stage: Stage) -> None:
    stage.scan()
    stage.close()
    (stage.staging / "stage.sqlite").unlink()
    pybackup.stage_init(stage.watched, stage.staging, medium="2M", settle=0, from_disc=[stage.image(3)])
    assert kinds(stage.scan())["film/huge"] is ChangeKind.TOUCHED
    assert {each.path for each in pybackup.plan_stage_lost(stage.staging, "1").gone} == set()
    pybackup.stage_lost(stage.staging, "3")
    assert kinds(stage.scan())["film/huge"] is ChangeKind.AGAIN


def test_a_catalogue_that_takes_in_the_last_disc_knows_of_all(stage: Stage, tmp_path: Path) -> None:
    stage.scan()
    stage.close()
    told = subprocess.run(
        ["isoinfo", "-R", "-x", "/CATALOGUE.SQLITE", "-i", stage.image(3)], check=True, capture_output=True
    )
    (tmp_path / "c").write_bytes(told.stdout)
    with create_catalogue(str(tmp_path / "catalogue.sqlite")) as catalogue:
        import_catalogue(catalogue, bytes(tmp_path / "c"), Monitor())
        media = {medium.label for each in find_path(catalogue, b"film/huge") for medium in each.media}
    assert media >= {"watched-0001", "watched-0002", "watched-0003"}


@pytest.mark.parametrize("step", ["enter_archives", "make_image", "make_labels", "second image", "remove_archives"])
def test_closing_them_that_ends_at_any_step_is_gone_on_with(
    stage: Stage, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = files_below(stage.watched)
    stage.scan()
    where = stage_archive if step == "enter_archives" else stage_close
    name = "make_image" if step == "second image" else step
    real, count = getattr(where, name), 0

    def die(*given: object, **named: object) -> object:
        nonlocal count
        count += 1
        if count == 1 + (step == "second image"):
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(where, name, die)
    with pytest.raises(KeyboardInterrupt):
        stage.close()
    monkeypatch.undo()
    if step == "second image":  # what a power failure left of a volume is made again
        (volume,) = (stage.staging / "volumes/watched-0001.set").glob("*-003.xtar")
        volume.write_bytes(b"")
    stage.scan()
    assert states(stage) == [DiscState.BUILT] * 3 + [DiscState.OPEN]
    pybackup.extract([stage.image(number) for number in (1, 2, 3)], to=tmp_path / "back", workers=1)
    assert files_below(tmp_path / "back") == expected
    assert [*(stage.staging / "volumes").iterdir()] == []


def test_what_compresses_to_one_disc_is_on_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage(tmp_path).init()
    with open(stage.watched / "zeros", "wb") as file:
        file.truncate(5_000_000)
    assert main(["stage", "scan", str(stage.staging)]) == 0
    assert "zeros: is larger than a disc" in capsys.readouterr().err
    assert [each.files for each in stage.close()] == [1]
    assert kinds(stage.scan()) == {}
