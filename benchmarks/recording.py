"""What writing down in the catalogue adds to the verbs that do so.

    python -m benchmarks.recording                              # the corpus mixed, 300 MB
    python -m benchmarks.recording --corpus huge --work /dev/shm    # as much as a DVD holds
    python -m benchmarks.recording --only verify,repair --runs 9

Each verb runs by the command line with a catalogue and with `--catalogue none` in turn, ``--runs`` times each; the
least of each is taken, as what else the machine does only adds. Printed are the seconds until the end of a run without
a catalogue, how many more it takes with one, and the share; then the same of CPU seconds, of all its processes.
Exit status 1 when a run takes more than 2 % longer.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import corpora
from benchmarks.tables import aligned

_MOST: Final = 0.02
_RUN: Final = [sys.executable, "-m", "pybackup"]


@dataclass(frozen=True)
class Took:
    """Seconds of a run: until its end, and of CPU of all its processes."""

    wall: float
    cpu: float

    def least(self, other: "Took | None") -> "Took":
        """Of each the less."""
        return Took(min(self.wall, other.wall), min(self.cpu, other.cpu)) if other else self


@dataclass(frozen=True)
class Verb:
    """A verb to run, and what it makes, which is removed before each run."""

    name: str
    arguments: list[str]
    makes: str = ""


# In an order in which each finds what it needs.
_VERBS: Final = (
    Verb("create", ["tree", "-o", "a.xtar"], "a.xtar"),
    Verb("create --volumes", ["set", "tree", "--volume-size", "{volume}"], "set"),
    Verb("protect", ["set", "--recovery-volumes", "1", "--to", "more"], "more"),
    Verb("disc build", ["a.xtar", "--to", "discs", "--medium", "bd25"], "discs"),
    Verb("verify", ["a.xtar"]),
    Verb("verify --deep", ["a.xtar"]),
    Verb("disc check", ["discs/a.iso"]),
    Verb("repair", ["discs/a.iso", "-o", "repaired.iso"], "repaired.iso"),
)


def main() -> int:
    """Measure, print, and tell whether it is little enough."""
    options = _options()
    wanted = [verb for verb in _VERBS if not options.only or verb.name in options.only.split(",")]
    rows = [("verb", "s", "more", "", "CPU s", "more", "")]
    missed = False
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        room = Path(name)
        corpora.make(options.corpus, room / "tree", scale=options.scale)
        for verb, bare, recorded in _pairs(room, wanted, options.runs):
            more = recorded.wall / bare.wall - 1
            missed |= more > _MOST
            wall = f"{bare.wall:.2f}", f"{recorded.wall - bare.wall:.3f}", f"{more:.1%}" + "  MISSED" * (more > _MOST)
            cpu = f"{bare.cpu:.2f}", f"{recorded.cpu - bare.cpu:.3f}", f"{recorded.cpu / bare.cpu - 1:.1%}"
            rows.append((verb.name, *wall, *cpu))
        size = (room / "a.xtar").stat().st_size
    print("\n".join(aligned(rows)))
    print(f"the archive has {size / 1e6:,.0f} MB")
    return int(missed)


def _pairs(room: Path, wanted: list[Verb], runs: int) -> Iterator[tuple[Verb, Took, Took]]:
    """Run all verbs in their order, those that are wanted with and without a catalogue."""
    catalogue = str(room / "catalogue.sqlite")
    subprocess.run([*_RUN, "catalogue", "init", "--catalogue", catalogue], check=True, stdout=subprocess.DEVNULL)
    for verb in _VERBS:
        if verb not in wanted:
            _timed(room, verb, catalogue)
            continue
        least: dict[str, Took] = {}
        for _ in range(runs):
            for where in ("none", catalogue):
                least[where] = _timed(room, verb, where).least(least.get(where))
        yield verb, least["none"], least[catalogue]


def _timed(room: Path, verb: Verb, catalogue: str) -> Took:
    made = room / (verb.makes or "nothing")
    shutil.rmtree(made) if made.is_dir() else made.unlink(missing_ok=True)
    volume = sum(path.stat().st_size for path in (room / "tree").rglob("*") if path.is_file()) // 4 + (4 << 20)
    arguments = [each.format(volume=volume) for each in verb.arguments]
    start = time.perf_counter()
    command = [*_RUN, *verb.name.split(), *arguments, "--catalogue", catalogue, "--quiet"]
    child = subprocess.Popen(command, cwd=room, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: status {child.returncode}")
    return Took(time.perf_counter() - start, used.ru_utime + used.ru_stime)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recording", description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", default="mixed", choices=("small", "mixed", "large", "huge"))
    parser.add_argument("--scale", type=float, default=1.0, help="of the corpus")
    parser.add_argument("--runs", type=int, default=3, help="of each verb with and without a catalogue")
    parser.add_argument("--only", metavar="VERB,...", default="", help="these verbs; the others run once, untimed")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()), help="where files are made")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
