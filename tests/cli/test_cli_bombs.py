"""Small files that claim to be huge are refused by every verb before they take memory or time."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from kit.command import COMMAND, ENVIRONMENT, Argument, Done, run
from kit.trees import plant_docs

from pybackup.layout.guard import PAYLOAD_BYTES, Geometry, GuardSector
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.geometry import plan_geometry
from pybackup.sector import SECTOR
from pybackup.standalone import rescue

MOST_BYTES = 1 << 30
SECONDS = 120
NAME = "bomb"
SHAPES = {
    "2^28 sectors": plan_geometry(SECTOR << 28, 0, parse_amount("10%")),
    "2^28 sectors, checksums only": plan_geometry(SECTOR << 28, 0, parse_amount("none")),
    "2^28 sectors beside": plan_geometry(SECTOR << 28, 0, parse_amount("10%"), sidecar=True),
    "16,384 groups": Geometry(SECTOR << 19, 0, 1 << 14, 32, 1, 1, 1, 2200, 0, 0),
    "16,384 groups of checksums": Geometry(SECTOR << 10, 0, 0, 0, 0, 0, 1 << 14, 1 << 14, 0, 0),
}
VERBS: dict[str, Sequence[str]] = {
    "forecast": (NAME,),
    "drill": (NAME,),
    "verify": (NAME,),
    "info": (NAME,),
    "repair": (NAME, "-o", "whole"),
    "salvage": (NAME, "--to", "back"),
    "extract": (NAME, "--to", "back"),
    "disc check": (NAME,),
}


def limited(arguments: Sequence[Argument], cwd: Path, command: Sequence[str] = COMMAND) -> Done:
    """Run a command with at most 1 GiB of memory and two minutes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))

    return subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env={**ENVIRONMENT, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        check=False,
        timeout=SECONDS,
        preexec_fn=limit,
    )


def plant_bomb(directory: Path, shape: Geometry) -> None:
    """Make a file of 100 KB, or its sidecar, that ends with a guard sector of a volume of this shape."""
    guard = GuardSector(shape, bytes(32), shape.guard_sectors - 1, bytes(PAYLOAD_BYTES)).pack()
    noise = b"".join(number.to_bytes(4, "big") * 512 for number in range(50))
    bomb = directory / (f"{NAME}.xpar" if shape.sidecar else NAME)
    (directory / NAME).write_bytes(noise)
    bomb.write_bytes(noise + guard)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_one_forged_guard(tmp_path: Path, shape: Geometry, verb: str) -> None:
    plant_bomb(tmp_path, shape)
    done = limited([*verb.split(), *VERBS[verb]], tmp_path)
    assert done.returncode == 4, done.stderr
    assert b"memory" not in done.stderr


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_one_forged_guard_in_an_archive(tmp_path: Path, shape: Geometry) -> None:
    """The archive is read in spite of it; a forecast says that there is no parity."""
    plant_docs(tmp_path)
    assert run("create", "docs", "-o", NAME, "--parity", "none", cwd=tmp_path).returncode == 0
    archive = (tmp_path / NAME).read_bytes()
    plant_bomb(tmp_path, shape)
    (tmp_path / NAME).write_bytes(archive if shape.sidecar else archive + (tmp_path / NAME).read_bytes())
    for command, arguments in ((COMMAND, ("list", NAME)), ([sys.executable, rescue.__file__], ("list", NAME))):
        done = limited(arguments, tmp_path, command)
        assert b"docs/letter.txt" in done.stdout
    assert limited(["drill", NAME, "--rounds", "1"], tmp_path).returncode in (0, 1, 4)
    assert limited([NAME], tmp_path, [sys.executable, rescue.__file__, "verify"]).returncode in (0, 1)


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (("create", "docs", "-o", "a.xtar", "--files-from", "/dev/zero"), b"--files-from /dev/zero: "),
        (("create", "-o", "a.xtar", "--null", "--files-from", "/dev/zero"), b"--files-from /dev/zero: "),
        (("create", "docs", "-o", "a.xtar", "--exclude-from", "/dev/zero"), b"/dev/zero: "),
        (("create", "-o", "a.xtar", "--select", "/dev/zero"), b"--select /dev/zero: a line of more than"),
        (("repair", "given", "-o", "whole", "--map", "/dev/zero"), b"/dev/zero: no map file of ddrescue"),
        (("salvage", "given", "--to", "back", "--map", "/dev/zero"), b"/dev/zero: no map file of ddrescue"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_list_without_end(tmp_path: Path, verb: Sequence[str], words: bytes) -> None:
    plant_docs(tmp_path)
    run("create", "docs", "-o", "given", cwd=tmp_path)
    done = limited(verb, tmp_path)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert not (tmp_path / "a.xtar").exists()


def test_patterns_without_end_for_pyactivity(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "pyactivity"]
    done = limited(["--exclude-from", "/dev/zero"], tmp_path, command)
    assert done.returncode == 2, done.stderr
    assert b"--exclude-from /dev/zero: " in done.stderr


def test_a_recovery_volume_of_a_high_number(tmp_path: Path) -> None:
    """Recovery volume 65,000 is allowed: it is computed from the bodies alone, without 64,999 others before it."""
    source = tmp_path / "src"
    source.mkdir()
    for number in range(6):
        (source / f"{number}").write_bytes(bytes([number]) + number.to_bytes(4, "big") * 5000)
    options = ("--volume-size", "64K", "--parity", "none", "--compression", "store")
    made = run("create", "src", "--volumes", "v", *options, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    sets = tmp_path / "v"
    assert len(list(sets.iterdir())) > 2
    wanted = ["--recovery-volumes", "1", "--first-number", "65000", "--volume-size", "1M", "--to", "r"]
    more = limited(["protect", sets, *wanted], tmp_path)
    assert more.returncode == 0, more.stderr
    lost = sorted(sets.iterdir())[1]
    content = lost.read_bytes()
    lost.unlink()
    done = limited(["rebuild", "v", "r", "--to", "out"], tmp_path)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    assert (tmp_path / "out" / lost.name).read_bytes() == content
    done = limited(["extract", "v", "r", "--to", "back"], tmp_path)
    assert done.returncode == 0
    assert b"too little" not in done.stderr
