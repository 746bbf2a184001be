"""RECOVERY.md works: its blocks are run in order, by a shell, on discs that the real ddrescue finds bad."""

from __future__ import annotations

import os
import random
import re
import shutil
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.damage import first_sector
from kit.living import LargeFiles, Tree
from kit.manifest import Manifest, differences, manifest

from pybackup.layout.readme import README

DOCUMENT = Path(__file__).parents[1] / "pybackup/docs/RECOVERY.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
SECTOR = 2048
# As it lies in every archive.
RECIPE = textwrap.dedent("    mkdir M OUT" + README.decode().partition("    mkdir M OUT")[2].split("\n\n")[0])
# The drive that is not there: what the map of a disc calls bad cannot be read.
DRIVE = """#!/bin/sh
for last do case "$last" in */disc-[abc]) exec {ddrescue} --test-mode="$last.bad" "$@" ;; esac; done
exec {ddrescue} "$@"
"""


def plant(tree: Path) -> None:
    numbers = random.Random(3)
    for name, size in (("letters/1.txt", 4000), ("letters/2.txt", 90_000), ("photos/a.jpg", 700_000)):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(numbers.randbytes(size))


def scratch(disc: Path, seed: int, part: float, *, start: int = 0) -> None:
    """Write the map that plays the drive: so many of the sectors are bad, and those at the start."""
    size = disc.stat().st_size
    bad = sorted({*range(start), *random.Random(seed).sample(range(size // SECTOR), int(size // SECTOR * part))})
    at, lines = 0, ["0x0 ? 1"]
    for number in bad:
        lines += [f"{at:#x} {number * SECTOR - at:#x} +"] * (number * SECTOR > at)
        lines.append(f"{number * SECTOR:#x} {SECTOR:#x} -")
        at = (number + 1) * SECTOR
    lines += [f"{at:#x} {size - at:#x} +"] * (size > at)
    disc.with_name(disc.name + ".bad").write_text("\n".join(lines) + "\n")


def lose_a_disc(room: Path, left: Path, environment: dict[str, str]) -> None:
    """The images of a set with a recovery disc, and one of them is not there."""
    for number in range(9):
        (room / f"home/{number}").mkdir(parents=True)
        (room / f"home/{number}/noise.jpg").write_bytes(random.Random(number).randbytes(500_000))
    create = ["pybackup", "create", "home", "--volumes", "set", "--volume-size", "2M", "--recovery-volumes", "1"]
    # So much that the texts of a disc find room in its place, however long they get.
    create += ["--parity", "20%"]
    build = ["pybackup", "disc", "build", "set", "--to", left]
    for command in (create, build):
        subprocess.run([*command, "--quiet"], cwd=room, env=environment, check=True)
    assert len(list(left.iterdir())) > 2
    (left / "home-002.iso").rename(room / "lost.iso")


def lose_a_disc_of_a_series(room: Path, series: Path, environment: dict[str, str]) -> None:
    """The images of discs of a stage of different sizes with a recovery disc, and the first of them is not there."""
    (room / "watched").mkdir()
    stage = ["pybackup", "stage"]
    init = ["init", "watched", "--staging", "stage", "--medium", "2M", "--settle", "0", "--recovery-every", "3"]
    subprocess.run([*stage, *init, "--quiet"], cwd=room, env=environment, check=True)
    for number in range(3):
        (room / f"watched/{number}.jpg").write_bytes(random.Random(number).randbytes(300_000 - 90_000 * number))
        for verb in ("scan", "close"):
            subprocess.run(
                [*stage, verb, "stage", "--catalogue", "none", "--quiet"], cwd=room, env=environment, check=True
            )
    shutil.copytree(room / "stage/images", series)
    (series / "watched-0001.iso").unlink()


def make_chain(room: Path, chain: Path, environment: dict[str, str]) -> Manifest:
    """Archives of four days of a tree with large files that grow, change and shift, and what it was on the last day.

    Nothing is deleted or renamed: what stock tools leave of that is not in the last day's tree.
    """
    chain.mkdir(parents=True)
    tree = Tree(room / "living", 5)
    large = LargeFiles(tree, 2_600_000)
    known = {**environment, "PYBACKUP_CATALOGUE": os.fspath(room / "chain.sqlite")}
    subprocess.run(["pybackup", "catalogue", "init", "--quiet"], env=known, check=True)
    for day in range(4):
        create: list[str | Path] = ["pybackup", "create", "living", "-o", chain / f"day{day}.xtar", "--quiet"]
        # Of one segment, of more, and of which only the first changes.
        create += ["--chain", "living", "--segment-size", "1M", "--delta", "base_copies=1"]
        subprocess.run(create, cwd=room, env=known, check=True)
        last = manifest(tree.top)
        large.live()
        large.held[LargeFiles.MAILBOX][:5] = b"%05d" % day
        # So much of the first segment that a delta would save less than half of it.
        large.held[LargeFiles.DATABASE][:600_000] = large.chance.randbytes(600_000)
        large.write()
        tree.write(tree.top / f"docs/new-{day}")
        tree.write(tree.top / "docs/1.bin")
        tree.touch(tree.top / "docs")
    return last


@pytest.mark.parametrize("part", [0.04, 0.07])
def test_the_blocks_in_order(tmp_path: Path, part: float) -> None:
    ddrescue = shutil.which("ddrescue")
    assert ddrescue, "the Debian package gddrescue is missing"
    plant(tmp_path / "tree")
    drive = tmp_path / "bin/ddrescue"
    drive.parent.mkdir()
    drive.write_text(DRIVE.format(ddrescue=ddrescue))
    drive.chmod(drive.stat().st_mode | stat.S_IXUSR)
    path = f"{drive.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    create = ["pybackup", "create", "tree", "-o", "disc-a", "--quiet"]
    subprocess.run(create, cwd=tmp_path, env=environment, check=True)
    shutil.copy(tmp_path / "disc-a", tmp_path / "disc-b")
    for seed, disc in enumerate(("disc-a", "disc-b")):
        scratch(tmp_path / disc, seed, part)
    subprocess.run(["pybackup", "disc", "build", "disc-a", "--to", "images"], cwd=tmp_path, env=environment, check=True)
    (tmp_path / "images/disc-a.iso").rename(tmp_path / "disc-c")
    scratch(tmp_path / "disc-c", 3, part / 4, start=32)
    work = tmp_path / "work"
    lose_a_disc(tmp_path, work / "left", environment)
    lose_a_disc_of_a_series(tmp_path, work / "series", environment)
    last = make_chain(tmp_path, work / "chain", environment)
    discs = iter(("disc-a", "disc-b", "disc-c"))
    for block in BLOCKS:
        text = re.sub(r"DISC=\S+", lambda _: f"DISC={tmp_path / next(discs)}", block)
        done = subprocess.run(
            ["sh", "-ec", text], cwd=work, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (block, done.stdout, done.stderr)
    assert next(discs, None) is None
    original = (tmp_path / "disc-a").read_bytes()
    assert (work / "disc1.img").read_bytes() != original
    assert (work / "whole.iso").read_bytes() == (work / "merged.iso").read_bytes() == original
    assert (work / "refused.iso").read_bytes() == (tmp_path / "disc-c").read_bytes()
    assert (work / "rebuilt-images/home-002.iso").read_bytes() == (tmp_path / "lost.iso").read_bytes()
    rebuilt = ["pybackup", "extract", "series-images/watched-0001.iso", "--to", "from-series", "--quiet"]
    subprocess.run(rebuilt, cwd=work, env=environment, check=True)
    assert (work / "from-series/0.jpg").read_bytes() == (tmp_path / "watched/0.jpg").read_bytes()
    assert RECIPE in next(block for block in BLOCKS if "cd by-tar" in block)
    for place in ("restored", "rescued", "from-refused", "by-rescue", "by-tar/OUT"):
        for source in (tmp_path / "tree").rglob("*.*"):
            assert (work / place / source.relative_to(tmp_path)).read_bytes() == source.read_bytes()
    for source in (tmp_path / "home").rglob("*.*"):
        assert (work / "from-left" / source.relative_to(tmp_path)).read_bytes() == source.read_bytes()
    assert differences(last, manifest(work / "chain-by-rescue/living")) == []
    pieces = [path.name for path in (work / "by-rdiff/2/M/living").iterdir()]
    assert any(name.startswith("disk.delta.part") for name in pieces)
    assert "database.changed.part0001.7z" in pieces
    assert len((work / "by-rdiff/2/MADE").read_text().splitlines()) == 3
    # Times of files in a tar are whole seconds.
    assert differences(last, manifest(work / "by-rdiff/ALL/living"), but=["mtime_ns", "data"]) == []
    assert "<html" in (work / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def disc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a tree, and the image of its disc."""
    room = tmp_path_factory.mktemp("disc")
    numbers = random.Random(5)
    for number in range(30):
        (room / f"tree/d{number % 4}").mkdir(parents=True, exist_ok=True)
        (room / f"tree/d{number % 4}/{number}.txt").write_bytes(b"all work and no play %d\n" % number * 300)
    for number in range(5):
        (room / f"tree/{number}.jpg").write_bytes(numbers.randbytes(500_000))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in ("create tree -o tree.xtar --segment-size 1M --quiet", "disc build tree.xtar --to . --quiet"):
        subprocess.run(["pybackup", *command.split()], cwd=room, env=environment, check=True)
    return room


def spots(data: bytes, part: float, seed: int, first: int) -> bytes:
    """Zeros in this part of the sectors from the archive's first one on, the same ones however long all before it is.

    Before it only where so many are hit that nothing there stays whole.
    """
    found, chances = bytearray(data), (random.Random(-seed), random.Random(seed))
    for number in range(0 if part > 0.1 else first, len(data) // SECTOR):
        if chances[number >= first].random() < part:
            found[number * SECTOR : (number + 1) * SECTOR] = bytes(SECTOR)
    return bytes(found)


def zeroed(data: bytes, first: int, last: int) -> bytes:
    return data[: first * SECTOR] + bytes((last - first) * SECTOR) + data[last * SECTOR :]


def middle_gone(data: bytes, _: int) -> bytes:
    """A tenth of it, behind all the small files of the disc, is not there at all."""
    return data[: len(data) // 2] + data[len(data) // 2 + len(data) // 10 // SECTOR * SECTOR :]


# Damage to an image whose archive begins at a sector, what `repair` ends with, whether a whole RESCUE.PY is left, and
# how many of the 35 files 7z gets out at least.
DAMAGES: dict[str, tuple[Callable[[bytes, int], bytes], int, bool, int]] = {
    "first sectors": (lambda data, _: zeroed(data, 0, 64), 0, True, 35),
    "a few spots": (lambda data, first: spots(data, 0.01, 55, first), 0, True, 15),
    "many spots": (lambda data, first: spots(data, 0.13, 7, first), 4, False, 5),
    "cut within the parity": (lambda data, _: data[: int(len(data) * 0.95)], 0, True, 35),
    "cut within the archive": (lambda data, _: data[: int(len(data) * 0.7)], 4, True, 2),
    "the middle zeros": (
        lambda data, _: zeroed(data, len(data) // SECTOR // 2, len(data) // SECTOR // 2 + 90),
        0,
        True,
        30,
    ),
    "the middle gone": (middle_gone, 4, True, 25),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_the_blocks_for_whoever_has_no_pybackup_on_damaged_images(disc: Path, tmp_path: Path, kind: str) -> None:
    """Nothing wrong under a name, all that is missing or doubtful is told, and RESCUE.PY is found in the image."""
    damage, status, is_there, least = DAMAGES[kind]
    (tmp_path / "refused.iso").write_bytes(damage((disc / "tree.iso").read_bytes(), first_sector(disc / "tree.iso")))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def shell(text: str, *options: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", *options, "-c", text]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    def right(place: Path) -> set[Path]:
        """The files in a place that have their own content; none has another one."""
        files = [path for path in (disc / "tree").rglob("*") if path.is_file()]
        there = {path for path in files if (place / path.relative_to(disc)).is_file()}
        assert all((place / path.relative_to(disc)).read_bytes() == path.read_bytes() for path in there)
        return there

    assert shell("pybackup repair refused.iso -o whole.iso").returncode == status
    if not status:
        assert (tmp_path / "whole.iso").read_bytes() == (disc / "tree.iso").read_bytes()
    everything = len(right(disc))
    by_rescue = next(block for block in BLOCKS if "RESCUE.PY extract" in block)
    done = shell(by_rescue)
    found_rescue = tmp_path / "RESCUE.PY"
    text = found_rescue.read_bytes() if found_rescue.exists() else b""
    rescue = Path(__file__).parents[1] / "pybackup/standalone/rescue.py"
    assert text == (rescue.read_bytes() if is_there else b""), done.stderr
    assert is_there or "take it from another disc" in done.stderr
    rescued = right(tmp_path / "by-rescue")
    assert is_there == bool(rescued)
    assert (done.returncode == 0) == (len(rescued) == everything)

    by_tar = next(block for block in BLOCKS if "cd by-tar" in block)
    done = shell(by_tar)
    found = right(tmp_path / "by-tar/OUT")
    assert least <= len(found) <= everything
    lost = everything - len(found)
    assert done.returncode == (1 if lost or "M\n" in done.stdout else 0), done.stdout


def test_a_chain_with_a_version_that_is_damaged_is_never_put_together_wrongly(tmp_path: Path) -> None:
    """With tar, 7z and rdiff: what was built on another version is named, and does not stand under its name."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    make_chain(tmp_path, tmp_path / "chain", environment)
    # The large files as they were on the first day, but for some bytes.
    for path in ("disk", "database", "mailbox"):
        with (tmp_path / "living" / path).open("r+b") as file:
            file.write(os.urandom(2_600_000))
    create = ["pybackup", "create", "living", "-o", "chain/day0.xtar", "--overwrite", "--segment-size", "1M", "--quiet"]
    subprocess.run(create, cwd=tmp_path, env=environment, check=True)
    (by_rdiff,) = (block for block in BLOCKS if "rdiff patch" in block)
    done = subprocess.run(
        ["sh", "-c", by_rdiff], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "../chain/day3.xtar: living/disk" in done.stdout
    # What is there is as it was on the first day.
    assert (tmp_path / "by-rdiff/ALL/living/disk").read_bytes() == (
        tmp_path / "by-rdiff/1/OUT/living/disk"
    ).read_bytes()
