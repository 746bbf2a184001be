"""What work costs beside another checkout: create, verify, extract and salvage of seeded corpora, by turns.

`python -m benchmarks.versions OTHER [--corpus NAME] [--scale F] [--runs N]` runs both with the same Python, the other's
archive for the other, and prints the CPU seconds, the peak memory and their ratios: the least of all runs, as whatever
else the machine does only adds to them. It exits 1 when this checkout takes more than a twentieth longer.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.tables import aligned

_HERE: Final = Path(__file__).parents[1]
_RUNS: Final = 5
_SLOWER: Final = 1.05
_DAMAGED_AT: Final = (0.2, 0.5, 0.8)
_DAMAGED_BYTES: Final = 40_000


@dataclass
class Costs:
    """CPU seconds and peak memory in KiB of each run."""

    cpu: list[float] = field(default_factory=list)
    peak: list[int] = field(default_factory=list)

    def take(self, checkout: Path, words: Sequence[str]) -> None:
        """Run pybackup of a checkout once, in a process that tells what all of its own took."""
        command = [sys.executable, "-c", _TOLD, sys.executable, "-m", "pybackup", *words]
        # Of no account in the catalogue of whoever measures, and what writing that down costs `recording` tells.
        environment = {**os.environ, "PYTHONPATH": str(checkout), "PYBACKUP_CATALOGUE": "none"}
        # Else each run compiles its modules, which takes as long as the work.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        said = subprocess.run(command, capture_output=True, check=True, env=environment, text=True)
        cpu, peak = said.stdout.splitlines()[-1].split()
        self.cpu.append(float(cpu))
        self.peak.append(int(peak))


# Of the children of a child: the most that any of them held, not what an earlier run did.
_TOLD: Final = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(status if status > 1 else 0)
"""


def damaged(archive: Path, to: Path) -> Path:
    """Write a copy with three holes."""
    data = bytearray(archive.read_bytes())
    for part in _DAMAGED_AT:
        at = int(len(data) * part)
        data[at : at + _DAMAGED_BYTES] = bytes(_DAMAGED_BYTES)
    to.write_bytes(data)
    return to


def race(checkouts: Sequence[Path], tree: Path, room: Path, runs: int) -> dict[str, list[Costs]]:
    """Do each piece of work in each checkout by turns."""
    found: dict[str, list[Costs]] = {}
    for _ in range(runs):
        for number, checkout in enumerate(checkouts):
            archive, hurt, out = room / "made.xtar", room / "hurt.xtar", room / "out"
            for verb, words in (
                ("create", ["create", str(tree), "-o", str(archive)]),
                ("verify", ["verify", str(archive)]),
                ("extract", ["extract", str(archive), "--to", str(out)]),
                ("extract, damaged", ["extract", str(hurt), "--to", str(out)]),
                ("salvage, damaged", ["salvage", str(hurt), "--to", str(out)]),
            ):
                if words[1] == str(hurt) and not hurt.exists():
                    damaged(archive, hurt)
                costs = found.setdefault(verb, [Costs() for _ in checkouts])
                costs[number].take(checkout, [*words, "--workers", "1", "--quiet"])
                shutil.rmtree(out, ignore_errors=True)
            archive.unlink()
            hurt.unlink()
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Race, print, and tell whether this checkout is slower."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.versions", description=__doc__)
    parser.add_argument("other", metavar="OTHER", type=Path, help="another checkout")
    parser.add_argument("--corpus", default="mixed", help="(default: mixed)")
    parser.add_argument("--scale", default="0.05", help="of the corpus (default: 0.05)")
    parser.add_argument("--runs", type=int, default=_RUNS, help=f"of each (default: {_RUNS})")
    options = parser.parse_args(argv)
    rows: list[tuple[str, ...]] = [("work", "this, CPU s", "other, CPU s", "ratio", "this, MiB", "other, MiB", "ratio")]
    slower = False
    with tempfile.TemporaryDirectory() as name:
        tree, room = Path(name, "tree"), Path(name, "room")
        room.mkdir()
        make = [sys.executable, "-m", "benchmarks.corpora", options.corpus, str(tree), "--scale", options.scale]
        subprocess.run(make, cwd=_HERE, check=True, stdout=subprocess.DEVNULL)
        for work, (this, other) in race([_HERE, options.other.resolve()], tree, room, options.runs).items():
            cpu, peak = ([min(values) for values in pair] for pair in ((this.cpu, other.cpu), (this.peak, other.peak)))
            slower = slower or cpu[0] > _SLOWER * cpu[1]
            cells = [work, *(f"{each:.2f}" for each in (*cpu, cpu[0] / cpu[1]))]
            cells += [*(f"{each / 1024:.0f}" for each in peak), f"{peak[0] / peak[1]:.2f}"]
            rows.append(tuple(cells))
    print("\n".join(aligned(rows)))
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
