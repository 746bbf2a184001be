"""Worn media: which should be written again, what of them is still needed, and what is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pybackup.catalogue.connect import Catalogue, open_catalogue
from pybackup.catalogue.health import add_health
from pybackup.catalogue.media import find_medium
from pybackup.catalogue.refresh import plan_refresh
from pybackup.errors import UsageError
from pybackup.jobs.catalogue_refresh import refresh
from pybackup.model.catalogued import MediumCheck, MediumType, NewMedium, VolumeSort
from pybackup.monitor import Monitor

from .conftest import on_sqlite
from .shelf import TIME, filed, put
from .verbs import Run, a_set, cat, js, plant

SECTOR = 2048


def found(catalogue: Catalogue, label: str, verdict: str, bad: int = 0, at: int = TIME) -> None:
    """Enter what a check found."""
    add_health(catalogue, find_medium(catalogue, label).id, MediumCheck(at, verdict, bad, 1000))


def needed(catalogue: Catalogue, *named: str, copies: int = 2, older: int | None = None) -> dict[str, tuple[int, bool]]:
    plan = plan_refresh(catalogue, named, copies=copies, added_before_ns=older)
    return {worn.media[0][0].label: (worn.files, worn.is_needed) for worn in plan}


def hit(path: Path, first: int, sectors: int) -> None:
    with path.open("r+b") as file:
        file.seek(first * SECTOR)
        file.write(b"\xa5" * (sectors * SECTOR))


def test_worn_media_are_those_that_checks_complain_of(catalogue: Catalogue) -> None:
    for number in range(5):
        put(catalogue, f"disc {number}", [filed(f"{number}")])
    found(catalogue, "disc 0", "intact")
    found(catalogue, "disc 1", "repairable", 4)
    found(catalogue, "disc 2", "beyond", 90)
    found(catalogue, "disc 3", "repairable", 4)
    found(catalogue, "disc 3", "repairable", 9, TIME + 1)
    plan = plan_refresh(catalogue)
    reasons = {known.label: why for worn in plan for known, why in worn.media}
    assert reasons == {
        "disc 1": "4 bad sectors, which its parity mends",
        "disc 2": "suspect",
        "disc 3": "gets worse: 4 bad sectors, then 9",
    }
    assert len(needed(catalogue, older=2**62)) == 5
    assert len(needed(catalogue, older=0)) == 3


def test_needed_is_what_would_have_too_few_copies_without_any_of_them(catalogue: Catalogue) -> None:
    put(catalogue, "old 1", [filed("a"), filed("b")])
    put(catalogue, "old 2", [filed("a"), filed("c")])
    put(catalogue, "new", [filed("a"), filed("c")])
    put(catalogue, "newer", [filed("c")])
    assert needed(catalogue, "old 1", "old 2") == {"old 1": (2, True), "old 2": (1, True)}
    assert needed(catalogue, "old 1", "old 2", copies=1) == {"old 1": (1, True), "old 2": (0, False)}
    # One of them alone: the other one still counts.
    assert needed(catalogue, "old 2") == {"old 2": (0, False)}
    found(catalogue, "newer", "beyond", 5)
    assert needed(catalogue, "old 2") == {"old 2": (1, True)}


def test_a_recovery_volume_is_needed_unless_another_copy_counts(catalogue: Catalogue) -> None:
    put(catalogue, "R1", [], set_name="docs", number=1, recovery=True)
    assert needed(catalogue, "R1") == {"R1": (0, True)}
    put(
        catalogue,
        "R1 again",
        [],
        set_name="docs",
        number=1,
        recovery=True,
        medium=NewMedium(MediumType.DISC, "R1 again", another=True),
    )
    assert needed(catalogue, "R1") == {"R1": (0, False)}


@on_sqlite
def test_what_is_needed_of_worn_discs_is_written_as_it_was(run: Run, tmp_path: Path) -> None:
    a_set(run, tmp_path, "--recovery-volumes", "1")
    run("disc", "build", "set", "--to", "images", "--catalogue", "none")
    cat(run, "add", "images")
    images = sorted((tmp_path / "images").glob("*-0*.iso"))
    whole = {path.name: path.read_bytes() for path in images}
    first, second = images[:2]
    hit(first, 400, 5)
    hit(second, second.stat().st_size // SECTOR // 2, 400)
    run("disc", "check", first, status=3)
    run("disc", "check", second, status=4)
    # Too little is left of the second one to enter it, but the id in it is known.
    states = {each["label"]: each["state"] for each in js(run, "list")}
    assert (states["tree 1"], states["tree 2"]) == ("ok", "suspect")

    told = js(run, "refresh", status=1)
    assert {each["media"][0]["label"] for each in told if each["needed"]} == {"tree 1", "tree 2"}
    lines = cat(run, "refresh", "--to", "fresh", status=4)
    assert sorted(lines) == [
        "tree 1: whole, fresh/tree-001.iso",
        "tree 2: beyond repair; 'pybackup rebuild' makes it of the others and tree R1",
    ]
    assert [path.name for path in (tmp_path / "fresh").iterdir()] == [first.name]
    assert (tmp_path / "fresh" / first.name).read_bytes() == whole[first.name]

    # A copy that is damaged elsewhere brings the rest; what was written before is not written again.
    before = (tmp_path / "fresh" / first.name).stat().st_mtime_ns
    copy = tmp_path / "copy.iso"
    copy.write_bytes(whole[second.name])
    hit(copy, 40, 50)
    cat(run, "refresh", "--from", copy, "--to", "fresh")
    assert (tmp_path / "fresh" / second.name).read_bytes() == whole[second.name]
    assert (tmp_path / "fresh" / first.name).stat().st_mtime_ns == before

    # Made, they are no copies; burnt and checked, they are, and the old ones can go.
    assert len(js(run, "refresh", "--copies", "1", status=1)) == 2
    for image in (first, second):
        run("disc", "burn", f"fresh/{image.name}", "--device", f"stdio:{image.name}", "--verify")
    assert [each["needed"] for each in js(run, "refresh", "--copies", "1")] == [False, False]


@on_sqlite
def test_without_parity_what_is_intact_is_copied(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "docs.xtar", "--parity", "none")
    data = (tmp_path / "docs.xtar").read_bytes()
    cat(run, "refresh", "docs", "--to", "fresh")
    assert (tmp_path / "fresh/docs.xtar").read_bytes() == data
    shutil.rmtree(tmp_path / "fresh")
    middle = len(data) // 4
    (tmp_path / "docs.xtar").write_bytes(data[:middle] + bytes(600) + data[middle + 600 :])
    assert cat(run, "refresh", "docs", "--to", "fresh", status=4) == ["docs: beyond repair"]
    assert not list((tmp_path / "fresh").iterdir())


@on_sqlite
def test_the_archive_of_a_run_is_needed_though_its_files_are_elsewhere(run: Run, tmp_path: Path) -> None:
    plant(tmp_path / "docs")
    run("create", "docs", "-o", "run.xtar", "--chain", "nights")
    for name in ("one.xtar", "two.xtar"):
        run("create", "docs", "-o", name)
    assert js(run, "refresh", "one")[0]["needed"] is False
    (told,) = js(run, "refresh", "run", status=1)
    assert (told["files"], told["chains"]) == (0, ["nights"])


@on_sqlite
def test_what_cannot_be_written_is_told(run: Run, address: str, tmp_path: Path) -> None:
    plant(tmp_path / "photos")
    cat(run, "add", "photos", "--label", "drive")
    run("create", "photos", "-o", "gone.xtar")
    assert cat(run, "refresh", "drive", "--copies", "3", "--from", "gone.xtar", "--to", "fresh", status=4) == [
        "drive: foreign"
    ]
    (tmp_path / "gone.xtar").rename(tmp_path / "away")
    with open_catalogue(address) as catalogue, pytest.raises(UsageError, match="none of these media is at hand"):
        refresh(catalogue, plan_refresh(catalogue, ["gone"], copies=3), [], b"fresh", monitor=Monitor())
    run("create", "photos", "-o", "other.xtar", "--comment", "another")
    assert cat(run, "refresh", "gone", "--copies", "4", "--from", "other.xtar", "--to", "fresh", status=4) == [
        "gone: missing"
    ]
    cat(run, "refresh", "gone", "--from", "away", status=2)  # read, and written nowhere
    cat(run, "refresh", "nothing", status=2)


@pytest.mark.parametrize("sort", [VolumeSort.TREE, VolumeSort.IMAGE])
def test_media_of_others_are_planned_too(catalogue: Catalogue, sort: VolumeSort) -> None:
    put(catalogue, "drive", [filed("a")], sort=sort)
    assert needed(catalogue, "drive") == {"drive": (1, True)}
