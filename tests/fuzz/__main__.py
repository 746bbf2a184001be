"""Fuzz for some minutes: ``python -m tests.fuzz --minutes 10``; failing inputs are kept.

``--target`` names one target, ``--seed`` where its seeds begin (default: the clock), and ``--replay DIRECTORY`` runs
a case that was kept.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from .sandbox import Done, Failure, case_of, jobs_from, own_directory, run_all, run_case
from .targets import TARGETS

_BATCH = 50


def main() -> int:
    """Run, report, and return 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "pybackup-fuzz")
    parser.add_argument("--replay", type=Path)
    options = parser.parse_args()
    if options.replay:
        return _replay(options.replay)
    jobs = jobs_from(options.seed, options.target or list(TARGETS))
    end = time.monotonic() + 60 * options.minutes
    counts: Counter[str] = Counter()
    worst: dict[str, tuple[int, float]] = {}
    failed = 0
    while time.monotonic() < end:
        for result in run_all(itertools.islice(jobs, _BATCH)):
            counts[result.target] += 1
            if isinstance(result, Done):
                peak, seconds = worst.get(result.target, (0, 0.0))
                worst[result.target] = max(peak, result.peak_bytes), max(seconds, result.seconds)
            else:
                failed += 1
                _keep(result, options.keep)
    for target, count in counts.items():
        peak, seconds = worst.get(target, (0, 0.0))
        print(f"{target:10} {count:7} cases, at most {peak >> 20} MiB and {seconds:.2f} s")
    print(f"{failed} failures{f', kept in {options.keep}' if failed else ''}; seeds from {options.seed}")
    return int(failed > 0)


def _keep(failure: Failure, where: Path) -> None:
    directory = where / f"{failure.target}-{failure.seed}"
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in case_of(failure.target, failure.seed).items():
        (directory / name).write_bytes(data)
    (directory / "failure.txt").write_text(failure.what)
    print(f"{directory}: {failure.what.strip().splitlines()[-1]}", flush=True)


def _replay(directory: Path) -> int:
    case = {path.name: path.read_bytes() for path in directory.iterdir() if path.name != "failure.txt"}
    with own_directory() as base:
        peak, seconds = run_case(directory.name.partition("-")[0], case, base)
    print(f"well: {peak >> 20} MiB, {seconds:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
