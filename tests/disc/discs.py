"""Archives, sets and images of discs for the tests."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pybackup
from pybackup.compress.methods import Compression, Profile
from pybackup.disc.build import Built, perform_build
from pybackup.disc.copy import USUAL_STEPS, CopySteps
from pybackup.disc.plan_build import BuildOptions, plan_build
from pybackup.make.plan import CreateOptions
from pybackup.make.plan_set import SetOptions, plan_set
from pybackup.make.run import perform_set
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.selection.filelist import named_source

Done = subprocess.CompletedProcess[bytes]

MIB = 1 << 20
SECTOR = 2048


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(pybackup.__file__).parents[1])}


def run(*arguments: str | Path) -> Done:
    """The command line as a process, warnings as errors."""
    command = [sys.executable, "-W", "error", "-m", "pybackup", *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False)


def plant(tree: Path, *, n_bytes: int = 2 * MIB, seed: int = 1) -> Path:
    """A tree of text, of what does not compress, of links and of empty directories."""
    numbers = random.Random(seed)
    (tree / "empty").mkdir(parents=True)
    (tree / "letters/old").mkdir(parents=True)
    for number in range(6):
        (tree / f"letters/{number}.txt").write_text(f"Dear reader number {number}\n" * 200)
    sizes = (n_bytes // 2, n_bytes // 4, n_bytes // 8, 70_000, 3000)
    for number, size in enumerate(sizes):
        (tree / f"letters/old/{number}.jpg").write_bytes(numbers.randbytes(size))
    (tree / "link").symlink_to("letters/1.txt")
    os.link(tree / "letters/2.txt", tree / "twin")
    return tree


def make_set(
    tree: Path, directory: Path, sizes: Sequence[int], *, parity: str = "10%", name: str = "docs"
) -> list[Path]:
    """The volumes of a set, the last size for all that follow."""
    options = CreateOptions(
        Profile(Compression.FAST), segment_bytes=MIB, workers=1, parity=ParityOptions(parse_amount(parity))
    )
    to = SetOptions(os.fsencode(directory), name, sizes[-1], sizes[:-1])
    heard = Monitor()
    plan = plan_set([named_source(os.fsencode(tree))], to, judge=None, options=options, monitor=heard)
    made = perform_set(plan, monitor=heard)
    assert heard.problems == []
    return [Path(os.fsdecode(volume.path)) for volume in made.volumes]


def build(
    volume: Path, directory: Path, options: BuildOptions | None = None, *, steps: CopySteps = USUAL_STEPS
) -> Built:
    """The image of a volume."""
    directory.mkdir(exist_ok=True)
    plan = plan_build(os.fsencode(volume), os.fsencode(directory), options or BuildOptions())
    return perform_build(plan, Monitor(), steps=steps)


def tool(*command: str | Path) -> bytes:
    """What a program prints; it has to be there, and to succeed."""
    return subprocess.run(command, check=True, capture_output=True).stdout


def scatter(image: Path, part: float, seed: int = 5) -> None:
    """Zero some of the sectors."""
    data = bytearray(image.read_bytes())
    total = len(data) // SECTOR
    for number in random.Random(seed).sample(range(total), int(total * part)):
        data[number * SECTOR : (number + 1) * SECTOR] = bytes(SECTOR)
    image.write_bytes(data)
