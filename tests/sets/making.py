"""A tree that meets volumes in every way, and sets made of it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from pybackup.compress.methods import Compression, Profile
from pybackup.make.plan import CreateOptions
from pybackup.make.plan_set import SetOptions, plan_set
from pybackup.make.run import CreatedSet, perform_set
from pybackup.make.second_copies import parse_share
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.selection.filelist import named_source

MIB = 1 << 20
VOLUME = 1_600_000
FIRST = (1_300_000, 1_450_000)
TIME = 1_700_000_000 * 10**9


def plant(top: Path) -> Path:
    """Some 9 MB: many small files, middling ones, two of several segments, names that stand in each other's way."""
    chance = random.Random(11)
    for number in range(8):
        directory = top / f"d{number}"
        (directory / "deep/er").mkdir(parents=True)
        (directory / "empty").mkdir()
        for name in range(30):
            words = b"%d lines of %d\n" % (name, number)
            (directory / f"text{name}").write_bytes(words * chance.randrange(1, 300))
        (directory / "deep/er/noise.bin").write_bytes(chance.randbytes(chance.randrange(100_000, 900_000)))
    # The stem of the members of one is taken by the other, on whichever volume they end.
    (top / "d3/big.part0001").write_bytes(chance.randbytes(2_600_000))
    (top / "d3/big").write_bytes(chance.randbytes(3_300_000))
    (top / "d3/big.part0001.7z").write_bytes(b"no segment\n")
    with open(top / "d5/holes", "wb") as file:
        file.truncate(5 * MIB)
        file.write(chance.randbytes(70_000))
        file.seek(9 * MIB)
        file.write(chance.randbytes(1_900_000))
    os.link(top / "d0/text1", top / "d7/link to text1")
    os.symlink("../d0", top / "d6/sym")
    for below, names, files in os.walk(top, topdown=False):
        for entry in (*names, *files):
            os.utime(Path(below) / entry, ns=(TIME, TIME + 123_456_789), follow_symlinks=False)
    os.utime(top, ns=(TIME, TIME))
    return top


def make(
    tree: Path,
    to: Path,
    *,
    first: Sequence[int] = FIRST,
    size: int = VOLUME,
    parity: str = "10%",
    resume: bool = False,
    tight: bool = False,
    second_copies: str | None = None,
    segment_bytes: int = MIB,
    workers: int = 1,
    monitor: Monitor | None = None,
) -> CreatedSet:
    """Make a set called ``docs``; without a monitor of the caller's, any problem is a failure."""
    heard = monitor or Monitor()
    options = CreateOptions(
        Profile(Compression.FAST),
        segment_bytes=segment_bytes,
        parity=ParityOptions(parse_amount(parity)),
        workers=workers,
    )
    share = parse_share(second_copies) if second_copies else Fraction(0)
    where = SetOptions(os.fsencode(to), "docs", size, tuple(first), resume, tight=tight, second_copies=share)
    plan = plan_set([named_source(os.fsencode(tree))], where, judge=None, options=options, monitor=heard)
    done = perform_set(plan, monitor=heard)
    if monitor is None:
        assert heard.problems == []
    return done


def volumes(directory: Path) -> list[Path]:
    """The volumes in a directory, by their names."""
    return sorted(directory.glob("*.xtar"))


def run(*arguments: str | bytes | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """The command line as a process, warnings as errors."""
    command = [sys.executable, "-W", "error", "-m", "pybackup", *arguments]
    return subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=300)


def lines(output: bytes) -> list[str]:
    """What was printed, by lines."""
    return output.decode().splitlines()
