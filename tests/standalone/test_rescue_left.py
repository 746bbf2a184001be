"""What rescue.py makes of files that are damaged: which bytes it calls right, and what numbers and limits it bears."""

from __future__ import annotations

import os
import random
import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kit.sets import make_volumes

import pybackup
from pybackup.container.recover import what_it_is
from pybackup.host.storage import ArchiveFile
from pybackup.standalone import rescue

SCRIPT = Path(rescue.__file__)
SECTOR, BLOCK = 2048, 512
# What it says of a partial file: bytes that are right, and those that are as they were read.
SAID = re.compile(r"; (\d+) bytes are right(?:, (\d+) more are as they were read, and [a-z ]*)?; in NAME\.partial")


def run(*arguments: str | Path, open_files: int = 0) -> subprocess.CompletedProcess[str]:
    """The script alone, with so many open files at most."""
    limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))) if open_files else None
    command = [sys.executable, "-I", SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)


def archived(tmp_path: Path, sizes: dict[str, int]) -> bytearray:
    """Files that do not compress, stored, with sums and no parity."""
    (tmp_path / "tree").mkdir()
    for number, (name, size) in enumerate(sizes.items()):
        (tmp_path / "tree" / name).write_bytes(random.Random(number).randbytes(size))
    pybackup.create([tmp_path / "tree"], tmp_path / "a.xtar", parity="none", workers=1)
    return bytearray((tmp_path / "a.xtar").read_bytes())


def salvaged(tmp_path: Path, data: bytearray) -> subprocess.CompletedProcess[str]:
    (tmp_path / "hurt.xtar").write_bytes(data)
    return run("salvage", tmp_path / "hurt.xtar", "--to", tmp_path / "out")


def agreeing(tmp_path: Path, name: str) -> tuple[int, int]:
    """How many bytes of a partial file are those that were archived, and how many it has."""
    true = (tmp_path / "tree" / name).read_bytes()
    found = (tmp_path / "out/tree" / (name + ".partial")).read_bytes()
    assert len(found) == len(true)
    same = np.frombuffer(true, np.uint8) == np.frombuffer(found, np.uint8)
    return int(np.count_nonzero(same)), len(true)


@pytest.mark.parametrize("insertions", [((500_000, 16),), ((500_000, 16), (4_500_000, 33)), ((500_000, -700),)])
@pytest.mark.parametrize("index_is_lost", [False, True])
def test_bytes_are_right_that_are_called_so(
    tmp_path: Path, insertions: tuple[tuple[int, int], ...], index_is_lost: bool
) -> None:
    """Sums were looked up as far shifted as the end of the archive is, and members read where no byte had moved."""
    data = archived(tmp_path, {"long.jpg": 9_000_000})
    true = (tmp_path / "tree/long.jpg").read_bytes()
    bad = data.index(true[6_000_000:6_000_100]) // SECTOR * SECTOR
    data[bad : bad + SECTOR] = bytes(SECTOR)
    for place, n_bytes in reversed(insertions):
        at = data.index(true[place : place + 100])
        data[at : at + max(0, -n_bytes)] = b"x" * n_bytes
    for magic in (b"XTARIDX{", b"}XTARIDX") if index_is_lost else ():
        data = data.replace(magic, bytes(8))
    done = salvaged(tmp_path, data)
    assert done.returncode == 1, done.stderr
    said = SAID.search(done.stderr)
    assert said, done.stderr
    right, plausible = int(said[1]), int(said[2] or 0)
    agree, n_bytes = agreeing(tmp_path, "long.jpg")
    assert right <= agree
    assert right + plausible <= n_bytes
    if not index_is_lost:
        # All but the sectors that were hit, and their neighbours where bytes came or went.
        assert right > n_bytes - SECTOR * (2 + 2 * len(insertions))
        assert not plausible


def test_photos_without_any_sums(tmp_path: Path) -> None:
    """The last of the archive is gone, with sums and indexes: what stands there plainly comes back, as plausible."""
    data = archived(tmp_path, {f"{number}.jpg": 300_000 + number for number in range(4)})
    for sector in (50, 210, 330, 500):
        data[sector * SECTOR : (sector + 1) * SECTOR] = bytes(SECTOR)
    del data[-40 * SECTOR :]
    done = salvaged(tmp_path, data)
    assert done.returncode == 1
    said = [(int(right), int(more)) for right, more in SAID.findall(done.stderr)]
    assert [right for right, _ in said] == [0] * 4
    for number, (_, more) in enumerate(said):
        agree, n_bytes = agreeing(tmp_path, f"{number}.jpg")
        lost = SECTOR + BLOCK + (40 * SECTOR if number == 3 else 0)
        assert agree >= n_bytes - lost - 2 * BLOCK
        # By chance a byte of the hole is what it was.
        assert agree - lost <= more <= agree


def test_a_compressed_stream_up_to_the_hole(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    chance = random.Random(1)
    text = b" ".join(chance.randbytes(3).hex().encode() for _ in range(60_000))
    (tmp_path / "tree/words.txt").write_bytes(text)
    pybackup.create([tmp_path / "tree"], tmp_path / "a.xtar", parity="none", workers=1)
    (stored,) = (each for each in pybackup.list(tmp_path / "a.xtar") if each.members)
    (member,) = stored.members
    data = bytearray((tmp_path / "a.xtar").read_bytes())
    hole = (member.offset + member.packed_bytes // 2) // SECTOR * SECTOR
    data[hole : hole + SECTOR] = bytes(SECTOR)
    done = salvaged(tmp_path, bytearray(data[: member.offset + member.packed_bytes]))
    said = SAID.search(done.stderr)
    assert said, done.stderr
    found = (tmp_path / "out/tree/words.txt.partial").read_bytes()
    count = int(said[2])
    assert (int(said[1]), len(found)) == (0, len(text))
    # The block with the hole ends where that begins, and the next one begins anew behind it.
    right = [one == other for one, other in zip(found, text, strict=True)]
    before = right.index(False)
    assert before > len(text) * 0.4
    assert before <= count <= sum(right)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "0", "262144", "1e300", '"x"', "[]"])
def test_volume_numbers_that_cannot_be(number: str) -> None:
    said = f'{{"set":{{"id":"{"0" * 16}","name":"n","number":{number},"kind":"data","last":true}}}}'
    with pytest.raises(rescue.Damaged):
        rescue.disc_of(said.encode())


@pytest.mark.parametrize("number", [1, 65_535, 65_536, (1 << 18) - 1])
def test_volume_numbers_that_the_format_allows(number: int) -> None:
    said = f'{{"set":{{"id":"{"0" * 16}","name":"n","number":{number},"kind":"data","last":true}}}}'
    disc = rescue.disc_of(said.encode())
    assert disc is not None
    assert disc.number == number


@pytest.mark.parametrize("device", [(1 << 31, 1), (1, 1 << 31), ((1 << 32) - 1, (1 << 32) - 1)])
def test_devices_of_impossible_numbers(tmp_path: Path, device: tuple[int, int]) -> None:
    """Each is named, or made where the system can; none ends the run."""
    if os.geteuid() != 0:
        pytest.fail("devices: run the tests as root")
    entry = rescue.Entry(b"d", rescue.CHARACTER, 0o600, (0, 0, b"", b""), 0, device=device)
    report = rescue.Report()
    listing = rescue.Listing([b"d"], [rescue.CHARACTER], [entry].__getitem__, "what is left")
    target = rescue.Target(str(tmp_path / "out"), report, True, True)
    rescue.Extraction(
        rescue.Several([]), listing, target, report, rescue.LeftoversOfSeveral([], rescue.Several([]), listing, False)
    ).run([0])
    target.close()
    made = tmp_path / "out/d"
    assert bool(report.losses) != made.exists()


def test_few_open_files(tmp_path: Path) -> None:
    """Forty directories deep and forty beside each other, from a set of many volumes, with 32 files open at most."""
    tree = tmp_path / "docs"
    for number in range(40):
        for directory in (tree / f"beside/{number}", tree / "/".join(["deep"] * (number + 1))):
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "noise.jpg").write_bytes(random.Random(number).randbytes(60_000))
    volumes = make_volumes(tree, tmp_path / "set", [500_000], parity="none")
    assert len(volumes) > 10
    done = run("extract", tmp_path / "set", "--to", tmp_path / "out", open_files=32)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("80 files, ")


BEGINNINGS = [
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"\xfd7zXZ\0",
    b"BZh9",
    b"7z\xbc\xaf\x27\x1c",
    b"%PDF-1.7",
    b"\xff\xd8\xff\xe0",
]
PLACED = [(257, b"ustar\x0000"), (16 * SECTOR, b"\x01CD001\x01")]


@pytest.mark.parametrize(("at", "begins"), [*((0, begins) for begins in BEGINNINGS), *PLACED, (0, b"plain words")])
def test_another_program_s_file_is_called_what_pybackup_calls_it(tmp_path: Path, at: int, begins: bytes) -> None:
    given = tmp_path / "given"
    given.write_bytes((bytes(at) + begins).ljust(40 * SECTOR, b"x"))
    with ArchiveFile(os.fsencode(given)) as file:
        words = what_it_is(file)
    done = run("list", given)
    assert (done.returncode, done.stdout) == (4, "")
    assert f"{given}: {words}" in done.stderr
    assert ("no archive of pybackup" in words) == (begins != b"plain words")
