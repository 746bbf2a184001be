"""pyactivity on a million files, beside find: scanning, clustering, memory.

    python -m benchmarks.activity                        # a million files in /tmp/activity, made once: minutes
    python -m benchmarks.activity --files 50000 --runs 5
    python -m benchmarks.activity --other CHECKOUT       # beside another checkout of this repository, by turns

CPU seconds, user and system, of processes that do nothing else; the least of the runs, interleaved (A B A B). The tree
is warm: it is read once before. Exit status 1 when a requirement is missed.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MARK = "made-by-benchmarks.activity"
_SCAN_RATIO, _CLUSTER_SECONDS, _PEAK_BYTES = 2.0, 1.0, 500 * 10**6
_OTHER_RATIO = 1.3  # of scan and clustering together


@dataclass(frozen=True)
class Figures:
    """CPU seconds of the steps, and the peak memory of the process."""

    scan_seconds: float
    cluster_seconds: float
    report_seconds: float
    peak_bytes: int
    files: int
    groups: int


def main() -> int:
    """Measure, print, and return the exit status."""
    options = _options()
    tree: Path = options.tree / str(options.files)
    make_tree(tree, options.files, options.seed)
    finds: list[float] = []
    ours: list[Figures] = []
    others: list[Figures] = []
    _find(tree)
    for _ in range(options.runs):
        finds.append(_find(tree))
        ours.append(_pyactivity(tree, Path.cwd()))
        if options.other:
            others.append(_pyactivity(tree, options.other))
    return _print(min(finds), _best(ours), _best(others) if others else None)


def _best(runs: list[Figures]) -> Figures:
    def least(pick: Callable[[Figures], float]) -> float:
        return min(map(pick, runs))

    return Figures(
        least(lambda f: f.scan_seconds),
        least(lambda f: f.cluster_seconds),
        least(lambda f: f.report_seconds),
        max(f.peak_bytes for f in runs),
        runs[0].files,
        runs[0].groups,
    )


def _print(find_seconds: float, ours: Figures, other: Figures | None) -> int:
    ratio = ours.scan_seconds / find_seconds
    in_time = ours.cluster_seconds < _CLUSTER_SECONDS
    rows = [
        ("scan, CPU of find", f"{find_seconds:.2f} s", "", True),
        ("scan, CPU of gather()", f"{ours.scan_seconds:.2f} s", f"{ratio:.2f} times find", ratio <= _SCAN_RATIO),
        ("clustering, CPU", f"{ours.cluster_seconds:.2f} s", "with radius, bulk and streams", in_time),
        ("description of all groups, CPU", f"{ours.report_seconds:.2f} s", f"{ours.groups:,} groups", True),
        ("peak memory", f"{ours.peak_bytes / 1e6:.0f} MB", f"{ours.files:,} files", ours.peak_bytes < _PEAK_BYTES),
    ]
    if other:
        seconds = other.scan_seconds + other.cluster_seconds
        share = (ours.scan_seconds + ours.cluster_seconds) / seconds
        note = f"{seconds:.2f} s there, {share:.2f} times"
        rows.append(("scan and clustering, CPU", f"{share * seconds:.2f} s", note, share <= _OTHER_RATIO))
    for name, figure, note, kept in rows:
        print(f"{name:<32} {figure:>10}  {note}{'' if kept else '  MISSED'}")
    return int(not all(kept for *_, kept in rows))


def _find(tree: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["find", str(tree), "-type", "f", "-printf", r"%T@\n"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _pyactivity(tree: Path, checkout: Path) -> Figures:
    command = [sys.executable, "-m", "benchmarks.activity", "--child", str(tree.resolve())]
    environment = {**os.environ, "PYTHONPATH": os.fspath(checkout.resolve())}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=checkout, env=environment)
    return Figures(**json.loads(done.stdout))


def _child(tree: Path) -> int:
    """What is measured: one process that scans, clusters and describes."""
    from pyactivity.description import describe
    from pyactivity.scan import gather
    from pyactivity.survey import survey_of

    def cpu_seconds() -> float:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    start = cpu_seconds()
    scan = gather([tree])
    scanned = cpu_seconds()
    survey = survey_of(scan, now_ns=time.time_ns())
    clustered = cpu_seconds()
    groups = [describe(scan.files, members, bulk=survey.bulk) for members in survey.activities.clusters]
    described = cpu_seconds()
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    figures = Figures(
        scanned - start, clustered - scanned, described - clustered, peak_bytes, len(scan.files), len(groups)
    )
    print(json.dumps(figures.__dict__))
    return 0


def make_tree(tree: Path, files: int, seed: int) -> None:
    """Empty files in directories of a few dozen, over years: bursts of work and pauses between them."""
    if (tree / _MARK).exists():
        return
    rng = np.random.default_rng(seed)
    pauses_s = np.where(rng.random(files) < 0.01, rng.lognormal(10, 1.5, files), rng.exponential(2, files))
    times_ns = 1_750_000_000 * 10**9 - (np.cumsum(pauses_s) * 1e9).astype(np.int64)
    made = directory = 0
    while made < files:
        place = tree / f"part{directory // 200}" / f"directory{directory}"
        place.mkdir(parents=True, exist_ok=True)
        for number in range(min(int(rng.choice([5, 20, 40, 60])), files - made)):
            path = os.fspath(place / f"some-file-{number}.txt")
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            time_ns = int(times_ns[made])
            os.utime(path, ns=(time_ns, time_ns))
            made += 1
        directory += 1
    (tree / _MARK).touch()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--other", type=Path, help="another checkout of this repository")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tree", type=Path, default=Path("/tmp/activity"), help="where trees are kept")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(_child(Path(sys.argv[2])) if sys.argv[1:2] == ["--child"] else main())
