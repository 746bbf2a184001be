"""Time and memory of building the image of a disc, beside copying its volume in the same run.

`python -m benchmarks.discs [--sizes 700M,4300M] [--runs 3] [--work DIR]` makes a volume of random bytes for each size,
one file in it of more than 4 GiB where that fits, and then copies it (`cp`, then `sync`) and builds its image in turns;
the medians count. Before each the volume is dropped from the page cache: it is read from the disk. Memory is looked at
in a run of its own. It exits 0, or 1 when a requirement is missed or a step fails.
"""

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measure import Measured, measure
from benchmarks.speed import machine
from benchmarks.tables import aligned

_OWN: Final = (sys.executable, "-m", "pybackup")
_UNITS: Final = {"M": 10**6, "G": 10**9}
_HEAD: Final = ("volume", "step", "MB/s", "wall s", "CPU s", "times the copy", "peak MB")
_MOST_TIMES: Final = 2.0
_MOST_MEMORY: Final = 100 * 10**6
_LARGE_BYTES: Final = (1 << 32) + 5
_FILE_BYTES: Final = 5 * 10**6
_STEP_BYTES: Final = 1 << 24
# Of a volume: the rest is its parity, and what tells where everything is.
_CONTENT: Final = 0.895


class StepError(Exception):
    """A step failed."""


@dataclass(frozen=True)
class Found:
    """What copying a volume took, and building its image; medians."""

    volume_bytes: int
    copy: Measured
    build: Measured
    peak_bytes: int

    @property
    def times(self) -> float:
        """How many times as long the building took."""
        return self.build.wall_seconds / self.copy.wall_seconds


def plant(top: Path, n_bytes: int) -> None:
    """Files of random bytes, the first of them above 4 GiB if there are so many."""
    numbers = random.Random(n_bytes)
    top.mkdir()
    left, number = n_bytes, 0
    while left > 0:
        size = min(left, _LARGE_BYTES if left > _LARGE_BYTES and not number else _FILE_BYTES)
        with (top / f"{number:05}.bin").open("wb") as file:
            for start in range(0, size, _STEP_BYTES):
                file.write(numbers.randbytes(min(_STEP_BYTES, size - start)))
        left, number = left - size, number + 1


def make_volume(work: Path, n_bytes: int) -> Path:
    """The only volume of a set, with 10 % of parity."""
    top, volumes = work / "top", work / "volumes"
    plant(top, int(n_bytes * _CONTENT))
    sizes = ["--volumes", str(volumes), "--volume-size", str(n_bytes)]
    take([*_OWN, "create", str(top), *sizes, "--store", "bin", "--compression", "fast", "--quiet"])
    for file in top.iterdir():
        file.unlink()
    made = sorted(volumes.iterdir())
    if len(made) != 1:
        raise StepError(f"{len(made)} volumes, not one")
    return made[0]


def take(command: Sequence[str], *, sample_seconds: float = 0) -> Measured:
    """Measure a command that has to succeed."""
    measured = measure(command, sample_seconds=sample_seconds)
    if measured.status:
        raise StepError(f"{' '.join(command)}: exit status {measured.status}: {measured.complaint}")
    return measured


def cool(path: Path) -> None:
    """Drop a file from the page cache."""
    os.sync()
    fd = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


def look(work: Path, n_bytes: int, runs: int) -> Found:
    """Copy and build in turns."""
    volume, images, copy = make_volume(work, n_bytes), work / "images", work / "copy"
    build = [*_OWN, "disc", "build", str(volume), "--to", str(images), "--quiet"]
    copies, builds = [], []
    for _ in range(runs):
        cool(volume)
        copies.append(take(["sh", "-c", 'cp "$0" "$1" && sync "$1"', str(volume), str(copy)]))
        copy.unlink()
        cool(volume)
        builds.append(take(build))
        for image in images.iterdir():
            image.unlink()
    peak = take(build, sample_seconds=0.05).peak_bytes
    return Found(volume.stat().st_size, _median(copies), _median(builds), peak)


def _median(found: Sequence[Measured]) -> Measured:
    return sorted(found, key=lambda one: one.wall_seconds)[len(found) // 2]


def rows(found: Found) -> Iterator[tuple[str, ...]]:
    """The lines of the table."""
    for name, took, times, peak in (
        ("cp, sync", found.copy, "", ""),
        ("disc build", found.build, f"{found.times:.2f}", f"{found.peak_bytes / 1e6:.0f}"),
    ):
        size = found.volume_bytes / 1e6
        rate = size / took.wall_seconds
        yield f"{size:.0f} MB", name, f"{rate:.0f}", f"{took.wall_seconds:.2f}", f"{took.cpu_seconds:.2f}", times, peak


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.discs", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", default="700M,4300M")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path)
    options = parser.parse_args(arguments)
    print(json.dumps(machine()))
    found = []
    try:
        for size in options.sizes.split(","):
            with tempfile.TemporaryDirectory(dir=options.work) as work:
                found.append(look(Path(work), int(size[:-1]) * _UNITS[size[-1]], options.runs))
    except StepError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(aligned([_HEAD, *(row for one in found for row in rows(one))])))
    missed = False
    for one in found:
        for holds, said in (
            (one.times <= _MOST_TIMES, f"{_MOST_TIMES:.0f} times the time of copying the volume, at most"),
            (one.peak_bytes <= _MOST_MEMORY, f"{_MOST_MEMORY / 1e6:.0f} MB of memory, at most"),
        ):
            print("PASS" if holds else "FAIL", f"{one.volume_bytes / 1e6:.0f} MB: {said}")
            missed |= not holds
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
