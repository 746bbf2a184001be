"""How long pybackup takes to begin: `--help`, and `list` of a small archive, beside another checkout of it.

`python -m benchmarks.start OTHER [--runs N]` runs both by turns, with the same Python, and prints the CPU and wall
seconds of each (medians) and their ratios. It exits 1 when this checkout takes as long as the other or longer.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.measure import measure
from benchmarks.tables import aligned

_HERE: Final = Path(__file__).parents[1]
_RUNS: Final = 30
_FILES: Final = 10


@dataclass
class Times:
    """CPU and wall seconds of each run."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def take(self, checkout: Path, words: Sequence[str]) -> None:
        """Run pybackup of a checkout once; raises CalledProcessError where that fails."""
        command = [sys.executable, "-m", "pybackup", *words]
        found = measure(command, cwd=checkout, sample_seconds=0)
        if found.status:
            raise subprocess.CalledProcessError(found.status, command, stderr=found.complaint)
        self.wall.append(found.wall_seconds)
        self.cpu.append(found.cpu_seconds)


def race(checkouts: Sequence[Path], words: Sequence[str], runs: int) -> list[Times]:
    """Run one command in each checkout by turns; a run before that compiles what is not compiled yet."""
    for checkout in checkouts:
        Times().take(checkout, words)
    taken = [Times() for _ in checkouts]
    for _ in range(runs):
        for checkout, times in zip(checkouts, taken, strict=True):
            times.take(checkout, words)
    return taken


def make_archive(checkout: Path, room: Path) -> Path:
    """Make a small archive with the pybackup of a checkout."""
    tree = room / "docs"
    tree.mkdir()
    for number in range(_FILES):
        (tree / f"{number}.txt").write_text(f"letter {number}\n" * 100)
    archive = room / "docs.xtar"
    command = [sys.executable, "-m", "pybackup", "create", str(tree), "-o", str(archive), "--quiet"]
    subprocess.run(command, cwd=checkout, check=True)
    return archive


def main(argv: Sequence[str] | None = None) -> int:
    """Race, print, and tell whether this checkout begins sooner."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("other", metavar="OTHER", type=Path, help="another checkout")
    parser.add_argument("--runs", type=int, default=_RUNS, help=f"of each (default: {_RUNS})")
    options = parser.parse_args(argv)
    head = ("command", "this, CPU s", "other, CPU s", "ratio", "this, wall s", "other, wall s", "ratio")
    rows: list[tuple[str, ...]] = [head]
    slower = False
    with tempfile.TemporaryDirectory() as room:
        # By the other, which is mostly the earlier one: that reads no archive of a later version.
        archive = make_archive(options.other, Path(room))
        for words in (["--help"], ["list", str(archive)]):
            this, other = race([_HERE, options.other], words, options.runs)
            cells = [words[0]]
            for ours, theirs in ((this.cpu, other.cpu), (this.wall, other.wall)):
                mine, its = statistics.median(ours), statistics.median(theirs)
                cells += [f"{mine:.3f}", f"{its:.3f}", f"{mine / its:.2f}"]
            slower |= statistics.median(this.cpu) >= statistics.median(other.cpu)
            rows.append(tuple(cells))
    print("\n".join(aligned(rows)))
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
