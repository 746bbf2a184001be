"""What writing down in the catalogue adds to the verbs that do so, on a tree of 300 MB.

    python -m benchmarks.recording [--scale F] [--work DIR] [--speed MB]

Each verb runs once, by the command line, in a process of its own that tells what of its own time went into recording:
both shares are of one run, and do not hang on what else the machine does. Printed are the CPU seconds of the run
without recording, with all its processes; what recording took of CPU; the share; and the share of the wall clock for
which the run waited for it: what a thread did meanwhile costs no time. A verb that reads a disc takes as long as the
drive does: the last column is that share where it gives so many MB a second (default: 36, a Blu-ray disc at 8x).
Exit status 1 when making takes more than 2 % of CPU, or reading of the time on a drive.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import corpora
from benchmarks.tables import aligned

_MOST: Final = 0.02
_DRIVE_MB: Final = 36.0
_CHILD: Final = """
import json, os, sys, time
from pybackup.cli import main, recording
took = {"cpu": 0.0, "wall": 0.0}
def timed(work, waits):
    def run(*arguments):
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            return work(*arguments)
        finally:
            took["cpu"] += time.thread_time() - cpu
            took["wall"] += (time.perf_counter() - wall) * waits
    return run
recording._record = timed(recording._record, True)
recording._load = timed(recording._load, False)
start = time.perf_counter()
status = main.main(sys.argv[2:])
took["all_wall"], took["all_cpu"] = time.perf_counter() - start, sum(os.times()[:4])
with open(sys.argv[1], "w") as file:
    json.dump(took, file)
sys.exit(status)
"""


@dataclass(frozen=True)
class Share:
    """What one run took, and its recording of it: seconds."""

    verb: str
    cpu: float
    recording_cpu: float
    wall: float
    recording_wall: float
    read_bytes: int = 0

    @property
    def of_cpu(self) -> float:
        """Beside the CPU seconds of all else."""
        return self.recording_cpu / (self.cpu - self.recording_cpu)

    @property
    def of_wall(self) -> float:
        """Of the time that all else took."""
        return self.recording_wall / (self.wall - self.recording_wall)

    def of_drive(self, speed: float) -> float:
        """Of the time that a drive takes for what is read, or the run without a drive where that is more."""
        return self.recording_wall / max(self.read_bytes / (speed * 1e6), self.wall - self.recording_wall)


def main() -> int:
    """Measure, print, and tell whether it is little enough."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        room = Path(name)
        corpora.make("mixed", room / "tree", scale=options.scale)
        shares = list(_shares(room))
    rows = [("verb", "CPU s", "recording, CPU s", "of CPU", "waited, s", "of a run", "of a run on a drive")]
    missed = False
    for share in shares:
        bound = share.of_drive(options.speed) if share.read_bytes else share.of_cpu
        missed |= bound > _MOST
        cells = share.verb, f"{share.cpu - share.recording_cpu:.2f}", f"{share.recording_cpu:.2f}"
        drive = f"{share.of_drive(options.speed):.1%}" if share.read_bytes else "-"
        mark = "  MISSED" * (bound > _MOST)
        waited = f"{share.recording_wall:.2f}", f"{share.of_wall:.1%}"
        rows.append((*cells, f"{share.of_cpu:.1%}", *waited, drive + mark))
    print("\n".join(aligned(rows)))
    return int(missed)


def _shares(room: Path) -> Iterator[Share]:
    run = [sys.executable, "-m", "pybackup"]
    environment = {**os.environ, "PYBACKUP_CATALOGUE": str(room / "catalogue.sqlite")}
    subprocess.run([*run, "catalogue", "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
    disc = room / "discs" / "a.iso"
    for verb, arguments, reads in (
        ("create", ["tree", "-o", "a.xtar"], None),
        ("create --volumes", ["set", "tree", "--volume-size", "100M"], None),
        ("protect", ["set", "--recovery-volumes", "1"], None),
        ("disc build", ["a.xtar", "--to", "discs", "--medium", "dvd"], None),
        ("verify", ["a.xtar"], room / "a.xtar"),
        ("verify --deep", ["a.xtar"], None),
        ("disc check", ["discs/a.iso"], disc),
        ("repair", ["discs/a.iso", "-o", "repaired.iso"], disc),
    ):
        told = room / "took.json"
        words = [*verb.split(), *arguments, "--quiet"]
        subprocess.run([sys.executable, "-c", _CHILD, str(told), *words], cwd=room, env=environment, check=True)
        took = json.loads(told.read_text())
        read = reads.stat().st_size if reads else 0
        yield Share(verb, took["all_cpu"], took["cpu"], took["all_wall"], took["wall"], read)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recording", description=__doc__.split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="of the tree (default: 1, 300 MB)")
    parser.add_argument("--speed", metavar="MB", type=float, default=_DRIVE_MB, help="of the drive, MB a second")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()), help="where files are made")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
