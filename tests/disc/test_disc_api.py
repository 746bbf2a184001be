"""The Python API for discs: plan, build, label, burn, check and read them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.damage import scatter
from kit.discs import MIB
from kit.manifest import differences, manifest
from kit.memory import fast_directory
from kit.sets import make_volumes
from kit.trees import plant_for_discs

import pybackup


@pytest.fixture
def base() -> Iterator[Path]:
    with fast_directory() as directory:
        plant_for_discs(directory / "tree")
        yield directory


def test_there_and_back(base: Path) -> None:
    found, planned = pybackup.disc_plan(base / "tree", 2 * MIB, first_volumes=["1M"], recovery_volumes=1)
    assert found.files == 11
    assert [(disc.medium_bytes, disc.recovery) for disc in (planned[0], planned[-1])] == [(MIB, False), (2 * MIB, True)]
    volumes = make_volumes(base / "tree", base / "set", [MIB, 2 * MIB])
    built = pybackup.disc_build(base / "set", base / "images", medium=3 * MIB, group_sectors=512)
    names = [path.stem for path in volumes]
    with pytest.raises(pybackup.errors.UsageError, match="exists"):
        pybackup.disc_build(base / "set", base / "images", medium=3 * MIB)
    assert not (base / "none").exists()
    with pytest.raises(pybackup.errors.UsageError, match="no such"):
        pybackup.disc_build(base / "set/no.xtar", base / "none")
    assert not (base / "none").exists()
    built = pybackup.disc_build(base / "set", base / "images", medium=3 * MIB, group_sectors=512, overwrite=True)
    assert [os.path.basename(made.path) for made in built] == [os.fsencode(f"{name}.iso") for name in names]
    labels = pybackup.disc_label(base / "set", base / "labels", shape="case", discs=len(names))
    assert [path for made in labels for path in made.paths] == [
        os.fsencode(base / "labels" / f"{name}-case.svg") for name in names
    ]
    for number, made in enumerate(built):
        drive = f"stdio:{base / f'drive {number}'}"
        came = pybackup.disc_burn(made.path, drive, speed=8, verify=True)
        assert came is not None
        assert (came.state, came.unreadable, came.different) == ("intact", 0, 0)
        with pytest.raises(pybackup.errors.UsageError, match="already, a copy of this image"):
            pybackup.disc_burn(made.path, drive)
        assert pybackup.disc_burn(made.path, drive, overwrite=True) is None
    drives = sorted(base.glob("drive *"))
    assert len(drives) == len(names) > 1
    assert [checked.advice for checked in pybackup.disc_check(drives)] == ["keep"] * len(drives)
    scatter(drives[0], 0.04)
    # Damaged files are reported as problems, although parity can repair them.
    found_now = list(pybackup.disc_check(drives, monitor=pybackup.Monitor()))
    assert [checked.state for checked in found_now] == ["repairable", *["intact"] * (len(drives) - 1)]
    pybackup.extract(drives, base / "back")
    assert differences(manifest(base / "tree"), manifest(base / "back/tree")) == []


def test_what_makes_no_sense_is_refused(base: Path) -> None:
    volumes = make_volumes(base / "tree", base / "set", [4 * MIB])
    for shape in ("", "sleeve"):
        with pytest.raises(pybackup.errors.UsageError, match="is none of disc, case, both"):
            pybackup.disc_label(volumes, base / "labels", shape=shape)
    with pytest.raises(pybackup.errors.UsageError, match="not a size such as 596M"):
        pybackup.disc_build(volumes, base / "images", medium="cd800")
    with pytest.raises(pybackup.errors.UsageError, match="medium chooses a larger one"):
        pybackup.disc_build(volumes, base / "images", medium=MIB)
    with pytest.raises(pybackup.errors.UsageError, match="no volumes"):
        pybackup.disc_build(base / "tree", base / "images")
    with pytest.raises(pybackup.errors.UsageError, match="too few for a volume"):
        pybackup.disc_plan(base / "tree", 1000)
    with pytest.warns(pybackup.ProblemWarning, match="unreadable"):
        (checked,) = pybackup.disc_check(base / "tree/letters/1.txt")
    assert (checked.state, checked.verdict) == ("beyond", None)
