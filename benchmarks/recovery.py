"""Speed and memory of recovery volumes: made for a set of ten, one of ten rebuilt, beside SHA-256 in the same run.

`python -m benchmarks.recovery [--volume 70M] [--volumes 10] [--lost 1] [--work DIR]` makes a set of random bytes, adds
as many recovery volumes as will be lost, deletes that many volumes, and rebuilds them. Files are in the cache, as far
as the machine has memory for them. It exits 0, or 1 when a requirement is missed or a step fails.
"""

import argparse
import json
import random
import subprocess
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
_HEAD: Final = ("step", "MB", "MB/s", "wall s", "CPU s", "MB/CPU s", "peak MB")
_LEAST_RATE: Final = 200
_HASH: Final = "import hashlib, sys; [hashlib.file_digest(open(p, 'rb'), 'sha256') for p in sys.argv[1:]]"
_FILE_BYTES: Final = 5 * 10**6


@dataclass(frozen=True)
class Step:
    """One measured step, and how many bytes it reads: those of all volumes that are left."""

    name: str
    n_bytes: int
    measured: Measured

    @property
    def rate(self) -> float:
        """MB a second."""
        return self.n_bytes / 1e6 / self.measured.wall_seconds

    @property
    def rate_of_cpu(self) -> float:
        """MB a second of one core: what the rate is on an idle machine, at least."""
        return self.n_bytes / 1e6 / self.measured.cpu_seconds


class StepError(Exception):
    """A step failed, or gave something else than it should."""


def take(name: str, command: Sequence[str], n_bytes: int) -> Step:
    """Measure a command that has to succeed."""
    measured = measure(command)
    if measured.status:
        raise StepError(f"{name}: exit status {measured.status}: {measured.complaint}")
    return Step(name, n_bytes, measured)


def plant(top: Path, n_bytes: int) -> None:
    """Files of random bytes, the same for each size."""
    numbers = random.Random(n_bytes)
    top.mkdir()
    for number, start in enumerate(range(0, n_bytes, _FILE_BYTES)):
        (top / f"{number:05}.bin").write_bytes(numbers.randbytes(min(_FILE_BYTES, n_bytes - start)))


def steps(work: Path, volume_bytes: int, volumes: int, lost: int) -> Iterator[Step]:
    """Make a set, lose some of it, and rebuild that."""
    top, made, kept, rebuilt = (work / name for name in ("top", "set", "kept", "rebuilt"))
    # So full that the last one is not empty.
    plant(top, int(volume_bytes * (volumes - 0.2) * 0.88))
    sizes = ["--volume-size", str(volume_bytes)]
    create = ["create", str(top), "--volumes", str(made), *sizes, "--store", "bin", "--quiet"]
    yield take("create", [*_OWN, *create], volume_bytes * volumes)
    for file in top.iterdir():
        file.unlink()
    whole = sum(path.stat().st_size for path in made.iterdir())
    protect = ["protect", str(made), "--recovery-volumes", str(lost), "--quiet"]
    yield take(f"protect --recovery-volumes {lost}", [*_OWN, *protect], whole)
    kept.mkdir()
    for path in sorted(path for path in made.iterdir() if "-R" not in path.name)[1 : lost + 1]:
        path.rename(kept / path.name)
    left = sorted(made.iterdir())
    n_bytes = sum(path.stat().st_size for path in left)
    # What it costs at least to know that they are right.
    yield take("SHA-256 of what is left", [sys.executable, "-c", _HASH, *map(str, left)], n_bytes)
    yield take(f"rebuild {lost}", [*_OWN, "rebuild", str(made), "--to", str(rebuilt), "--quiet"], n_bytes)
    for path in kept.iterdir():
        if subprocess.run(["cmp", "-s", path, rebuilt / path.name], check=False).returncode:
            raise StepError(f"rebuild: {path.name} is not what was lost")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.recovery", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--volume", default="70M")
    parser.add_argument("--volumes", type=int, default=10)
    parser.add_argument("--lost", type=int, default=1)
    parser.add_argument("--work", type=Path)
    options = parser.parse_args(arguments)
    volume_bytes = int(options.volume[:-1]) * _UNITS[options.volume[-1]]
    print(json.dumps(machine()))
    try:
        with tempfile.TemporaryDirectory(dir=options.work) as work:
            found = list(steps(Path(work), volume_bytes, options.volumes, options.lost))
    except StepError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(aligned([_HEAD, *map(_row, found)])))
    *_, peer, rebuild = found
    print(f"rebuild / SHA-256: {rebuild.measured.cpu_seconds / peer.measured.cpu_seconds:.1f} times the CPU seconds")
    if options.lost > 1:
        print("NOT RUN rebuild of one lost volume")
        return 0
    holds = rebuild.rate_of_cpu >= _LEAST_RATE
    print("PASS" if holds else "FAIL", f"rebuild of one: {_LEAST_RATE} MB of what is left in each CPU second")
    return 0 if holds else 1


def _row(step: Step) -> tuple[str, ...]:
    took = step.measured
    return (
        step.name,
        f"{step.n_bytes / 1e6:.0f}",
        f"{step.rate:.0f}",
        f"{took.wall_seconds:.2f}",
        f"{took.cpu_seconds:.2f}",
        f"{step.rate_of_cpu:.0f}",
        f"{took.peak_bytes / 1e6:.0f}",
    )


if __name__ == "__main__":
    sys.exit(main())
