"""The lines for tar and 7z in every README.txt, on names that are patterns and on damaged archives."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.archives import MIB, archive
from kit.stock import script_of

from pybackup.layout.readme import README

SECTOR = 2048
Damage = Callable[[random.Random, bytearray], None]


def plant(tree: Path) -> dict[str, bytes]:
    """Files in one segment and in several, a sparse one, and names in which a shell or 7z sees patterns."""
    chance = random.Random(1)
    names = {"what?.txt": 20, "whatX.txt": 20, "d*/x": 5, "dX/x": 5, "[ab]": 9, "a": 9, "@list": 7, "-spd": 8}
    sizes = {f"sub/{number}.jpg": 700 * number for number in range(1, 25)} | {"long.jpg": 3 * MIB + 77} | names
    for name, size in sizes.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(chance.randbytes(size))
    with (tree / "holes").open("wb") as file:
        file.truncate(3 * MIB)
        for at in (0, MIB + 5, 2 * MIB):
            file.seek(at)
            file.write(chance.randbytes(90_000))
    os.link(tree / "a", tree / "hard link")
    return contents(tree)


def contents(root: Path) -> dict[str, bytes]:
    return {os.fspath(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def restored(data: bytes, room: Path) -> tuple[int, str, dict[str, bytes]]:
    """Status, what the last line named, and the files."""
    room.mkdir()
    (room / "A.xtar").write_bytes(data)
    done = subprocess.run(["sh", "-c", script_of(README.decode())], cwd=room, capture_output=True, timeout=120)
    assert {path.name for path in room.iterdir()} == {"A.xtar", "M", "OUT", "BAD"}
    return done.returncode, done.stdout.decode(), contents(room / "OUT")


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], bytes]:
    base = tmp_path_factory.mktemp("recipe")
    (base / "tree").mkdir()
    true = {f"tree/{name}": data for name, data in plant(base / "tree").items()}
    archive([base / "tree"], base / "a.xtar", segment_bytes=MIB)
    return true, (base / "a.xtar").read_bytes()


def test_names_that_are_patterns(archived: tuple[dict[str, bytes], bytes], tmp_path: Path) -> None:
    """Without -spd 7z took `what?.txt.7z` for a pattern, and gave several files under one name."""
    true, data = archived
    assert restored(data, tmp_path / "room") == (0, "", true)


def zeros(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(data) // SECTOR) * SECTOR
        data[at : at + SECTOR] = bytes(SECTOR)


def noise(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(data) // SECTOR) * SECTOR
        data[at : at + SECTOR] = chance.randbytes(SECTOR)


def flips(chance: random.Random, data: bytearray) -> None:
    for _ in range(60):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut(chance: random.Random, data: bytearray) -> None:
    del data[int(len(data) * chance.uniform(0.2, 0.95)) :]


def headers(chance: random.Random, data: bytearray) -> None:
    """Headers of members and of containers alone: the loop over containers never ended on one that tar refused."""
    found = [at for at in range(0, len(data), 512) if data[at + 257 : at + 262] == b"ustar"]
    for at in chance.sample(found, 4):
        data[at : at + 512] = bytes(512)


@pytest.mark.parametrize("damage", [zeros, noise, flips, cut, headers])
@pytest.mark.parametrize("seed", range(3))
def test_never_wrong_and_never_silent(
    archived: tuple[dict[str, bytes], bytes], tmp_path: Path, damage: Damage, seed: int
) -> None:
    """28 of 35 files stood wrong under their names, status 0."""
    true, whole = archived
    data = bytearray(whole)
    damage(random.Random(seed), data)
    status, named, found = restored(bytes(data), tmp_path / "room")
    wrong = {name for name, content in found.items() if not name.endswith(".partial") and true.get(name) != content}
    # A file whose container lost its header comes out where the one around it lies.
    names = {content: os.path.basename(name) for name, content in true.items() if content}
    assert all(names.get(found[name]) == os.path.basename(name) for name in wrong), wrong
    missing = true.keys() - found.keys()
    assert status == bool(named)
    assert status == 1 or not missing
