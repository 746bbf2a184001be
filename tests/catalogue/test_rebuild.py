"""A lost catalogue is made again from the newest disc, from all discs, and from discs of which half are damaged."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from kit.damage import scatter

from .verbs import Run, a_set, cat, js, plant

SECTOR = 2048


@pytest.fixture
def address(sqlite_address: str) -> str:
    """On SQLite alone, as what is read here does not depend on the database."""
    return sqlite_address


@pytest.fixture
def discs(run: Run, tmp_path: Path) -> list[Path]:
    """Images of the discs of a set of five and a recovery disc."""
    a_set(run, tmp_path, "--recovery-volumes", "1", "--parity", "15%")
    run("disc", "build", tmp_path / "set", "--to", tmp_path / "discs", "--catalogue", "none")
    images = sorted((tmp_path / "discs").glob("*.iso"))
    assert len(images) > 4
    return images


def known(run: Run, tmp_path: Path, *discs: Path, status: int = 0) -> dict[tuple[str, int], dict[str, Any]]:
    """Return what a catalogue has that is made from these discs: files with their hashes, by path and first segment."""
    address = tmp_path / f"made of {len(list(tmp_path.glob('made*')))}.sqlite"
    cat(run, "rebuild", *discs, "--catalogue", address, status=status)
    found = {}
    for entry in js(run, "find", "*", "--catalogue", address):
        first = entry["segments"]["first"] if entry["segments"] else 0
        found[entry["path"]["text"], first] = {"size": entry["size"], "sha256": entry["sha256"]}
    return found


def test_from_the_newest_disc_alone_all_files_of_all_discs(run: Run, discs: list[Path], tmp_path: Path) -> None:
    newest = [disc for disc in discs if "R01" not in disc.name][-1]
    alone, all_of_them = known(run, tmp_path, newest), known(run, tmp_path, *discs)
    assert len(alone) > 12
    assert alone == all_of_them
    assert all(entry["sha256"] for (path, _), entry in alone.items() if path.endswith(".bin"))


def test_with_half_of_the_discs_damaged(run: Run, discs: list[Path], tmp_path: Path) -> None:
    whole = known(run, tmp_path, *discs)
    for seed, disc in enumerate(discs[::2]):
        scatter(disc, 0.05, seed)
    assert known(run, tmp_path, *discs) == whole
    shuffled = random.Random(1).sample(discs, len(discs))
    assert known(run, tmp_path, *shuffled) == whole
    # Each of the damaged ones alone still tells of itself and of those before it, whose last part may have the hash.
    for disc in discs[::2]:
        for key, entry in known(run, tmp_path, disc).items():
            assert entry["size"] == whole[key]["size"]
            assert entry["sha256"] in (None, whole[key]["sha256"])


def test_from_a_damaged_newest_disc_alone(run: Run, discs: list[Path], tmp_path: Path) -> None:
    whole = known(run, tmp_path, *discs)
    newest = [disc for disc in discs if "R01" not in disc.name][-1]
    for seed in range(5):
        damaged = tmp_path / "damaged.iso"
        shutil.copy(newest, damaged)
        scatter(damaged, 0.05, seed)
        assert known(run, tmp_path, damaged) == whole


def test_a_disc_that_carries_a_catalogue_gives_places_and_checks_back(run: Run, tmp_path: Path) -> None:
    """What a disc carries of all media is read, from an image or a mounted disc, unless a bit of it has flipped."""
    cat(run, "add", plant(tmp_path / "drive"), "--place", "attic", "--label", "photo drive")
    run("create", "drive", "-o", "a.xtar", "--catalogue", "none")
    cat(run, "export", "all.sqlite")
    run("disc", "build", "a.xtar", "--carry-catalogue", "all.sqlite", "--to", ".", "--catalogue", "none")
    unpack = ["7z", "x", "-y", "-omounted", "a.iso"]
    subprocess.run(unpack, cwd=tmp_path, check=True, capture_output=True)
    flipped = bytearray((tmp_path / "a.iso").read_bytes())
    flipped[flipped.index(hashlib.sha256((tmp_path / "drive/notes.md").read_bytes()).digest())] ^= 1
    for name, disc in (("image", "a.iso"), ("mounted", "mounted"), ("flipped", "flipped.iso")):
        (tmp_path / "flipped.iso").write_bytes(flipped)
        address = tmp_path / f"{name}.sqlite"
        cat(run, "rebuild", disc, "--catalogue", address)
        places = {each["label"]: each["place"] for each in js(run, "list", "--catalogue", address)}
        assert places.get("photo drive") == (None if name == "flipped" else "attic")
