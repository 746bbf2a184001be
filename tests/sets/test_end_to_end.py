"""From a tree to discs and back, years later: one lost, one scratched; with the commands that people use."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from kit.command import lines, run
from kit.manifest import differences, manifest

from benchmarks.subjects import peers300
from pybackup.archive.open import open_archive
from pybackup.model.entry import Kind

MB = 10**6
SECTOR = 2048


def done(*arguments: str | bytes | Path) -> list[str]:
    """What a command prints that must do its work without a word of complaint."""
    ran = run(*arguments, "--quiet")
    assert (ran.returncode, ran.stderr) == (0, b""), ran.stderr.decode()[-2000:]
    return lines(ran.stdout)


def plant(tree: Path, n_bytes: int) -> Path:
    """Directories of photos, films and texts, of ``n_bytes``."""
    chance = random.Random(5)
    left = n_bytes
    number = 0
    while left > 0:
        directory = tree / f"year{number % 7}" / f"month{number % 12}"
        directory.mkdir(parents=True, exist_ok=True)
        size = min(left, int(chance.lognormvariate(13, 1.6)))
        if number % 3:
            (directory / f"{number}.jpg").write_bytes(chance.randbytes(size))
        else:
            words = b" ".join(b"%d" % chance.randrange(9999) for _ in range(200)) + b"\n"
            (directory / f"{number}.txt").write_bytes((words * (size // len(words) + 1))[:size])
        left -= size
        number += 1
    return tree


def scratch(image: Path, fraction: float) -> None:
    """Take so many sectors from an image, and its first 64 KiB."""
    with open(image, "r+b") as file:
        sectors = file.seek(0, os.SEEK_END) // SECTOR
        for sector in random.Random(7).sample(range(sectors), int(sectors * fraction)):
            file.seek(sector * SECTOR)
            file.write(bytes(SECTOR))
        file.seek(0)
        file.write(bytes(64 << 10))


def test_three_hundred_megabytes_to_discs_and_back(room: Path) -> None:
    tree = plant(room / "tree", 300 * MB)
    sizes = ("--first-volumes", f"{60 * MB},{40 * MB}", "--volume-size", f"{80 * MB}")
    fast = ("--compression", "fast", "--recovery-volumes", "1")
    done("create", tree, "--volumes", room / "set", *sizes, *fast, "--name", "home")
    built = sorted((room / "set").iterdir())
    assert built[-1].name == "home-R01.xtar"
    for path, limit in zip(built, (60, 40, *[80] * len(built)), strict=False):
        assert path.stat().st_size <= limit * MB
    for path, limit in zip(built[:-2], (60, 40, *[80] * len(built)), strict=False):
        assert path.stat().st_size >= 0.98 * limit * MB
    done("disc", "build", room / "set", "--to", room / "images")
    shutil.rmtree(room / "set")
    images = sorted((room / "images").iterdir())
    discs = []
    for number, image in enumerate(images):
        disc = room / f"disc{number}"
        done("disc", "burn", image, "--device", f"stdio:{disc}", "--verify")
        image.unlink()
        discs.append(disc)
    discs.pop(2).unlink()
    scratch(discs[3], 0.05)
    random.Random(3).shuffle(discs)
    done("extract", *discs, "--to", room / "out")
    assert differences(manifest(tree), manifest(room / "out/tree")) == []
    assert not [path for path in room.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("lost", [0, 5, 9])
def test_one_of_ten_volumes_lost_without_recovery_volumes(room: Path, lost: int) -> None:
    tree = peers300(room, room, 1.0)
    done("create", tree, "--volumes", room / "set", "--volume-size", "1450000")
    volumes = sorted((room / "set").iterdir())
    assert len(volumes) == 10
    label = f"peers300 {lost + 1}"
    with open_archive(os.fsencode(room / "set")) as archive:
        assert archive.volume_set is not None
        rows, paths = archive.volume_set.tables[lost + 1]
        there = {path for row, path in enumerate(paths) if rows.kinds[row] == Kind.FILE}
    volumes[lost].unlink()
    ran = run("extract", room / "set", "--to", room / "out")
    assert ran.returncode == 1
    before, after = manifest(tree), manifest(room / "out/peers300")
    files = [path for path, fact in before.items() if fact.kind == "file"]
    back = [path for path in files if path in after]
    assert len(files) == 300
    # What lay on it, be it in part, and nothing else.
    assert len(back) == 300 - len(there)
    assert all(after[path].content == before[path].content for path in back)
    named = {
        line.removeprefix("pybackup: ").partition(": lost: ")[0] for line in lines(ran.stderr) if ": lost: " in line
    }
    missing = {f"peers300/{os.fsdecode(path)}" for path in files if path not in after}
    if lost < 9:
        assert missing <= named
        assert all(label in line for line in lines(ran.stderr) if ": lost: peers300" in line)
    else:
        assert any("volumes after peers300 9 are not here" in line for line in lines(ran.stderr))
