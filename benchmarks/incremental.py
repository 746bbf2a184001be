"""An incremental run of a chain over a tree in which hardly anything changed, beside pyactivity's scan of that tree.

    python -m benchmarks.incremental                          # a million files below /dev/shm, made once: minutes
    python -m benchmarks.incremental --files 100000 --runs 3

The tree is that of `benchmarks.activity`, but each file has a few bytes. After a full run a hundred files change, and
an incremental run is made of them, as often as there are `--runs`. CPU seconds, user and system, and the peak memory of
whole trees of processes; the least of the runs, interleaved. Exit status 1 when a requirement is missed: 1.3 times what
scanning takes, 400 MB.
"""

import argparse
import os
import random
import subprocess
import sys
from pathlib import Path

from benchmarks.activity import make_tree
from benchmarks.measure import Measured, measure

_MOST_TIMES, _MOST_BYTES = 1.3, 400 * 10**6
_CHANGED = 100
_SCAN = "import sys; from pathlib import Path; from pyactivity.scan import gather; gather([Path(sys.argv[1])])"
_OWN = (sys.executable, "-m", "pybackup")


def main() -> int:
    """Measure, print, and return the exit status."""
    options = _options()
    base: Path = options.base / str(options.files)
    tree, catalogue = base / "tree", f"sqlite:///{base}/catalogue.sqlite"
    _prepare(base, tree, catalogue, options.files)
    scan = [sys.executable, "-c", _SCAN, str(tree)]
    runs: dict[str, list[Measured]] = {"pyactivity's scan": [], "incremental run": []}
    sizes = []
    measure(scan)  # the tree is warm afterwards
    for number in range(options.runs):
        _change(tree, random.Random(number))
        archive = base / f"run{number}.xtar"
        runs["pyactivity's scan"].append(measure(scan))
        runs["incremental run"].append(measure(_create(catalogue, "incremental", archive, tree)))
        sizes.append(archive.stat().st_size if archive.exists() else 0)
        for path in base.glob("run*.xtar"):
            if path != archive:
                path.unlink()
    bad = next((each for some in runs.values() for each in some if each.status), None)
    if bad is not None:
        print(bad.complaint)
        return 2
    seconds = {name: min(each.cpu_seconds for each in some) for name, some in runs.items()}
    for name, some in runs.items():
        wall, peak = min(each.wall_seconds for each in some), max(each.peak_bytes for each in some)
        print(f"{name:<18} {seconds[name]:7.2f} s of CPU {wall:7.2f} s {peak / 1e6:6.0f} MB of memory")
    times = seconds["incremental run"] / seconds["pyactivity's scan"]
    peak = max(each.peak_bytes for each in runs["incremental run"])
    print(f"{times:.2f} times; archives of {', '.join(f'{size / 1e6:.1f}' for size in sizes)} MB")
    return int(times > _MOST_TIMES or peak > _MOST_BYTES)


def _create(catalogue: str, level: str, archive: Path, tree: Path) -> list[str]:
    how = ["--chain", "many", "--level", level, "--catalogue", catalogue, "--compression", "fast"]
    return [*_OWN, "create", *how, "--quiet", "--output", str(archive), str(tree)]


def _prepare(base: Path, tree: Path, catalogue: str, files: int) -> None:
    """Make the tree, and a chain with a full run of it."""
    if (base / "ready").exists():
        return
    made = base / "empty"
    make_tree(made, files, 1)
    for number, path in enumerate(sorted(made.rglob("*.txt"))):
        status = path.stat()
        path.write_bytes(b"%d" % number)
        os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    made.rename(tree)
    subprocess.run([*_OWN, "catalogue", "init", "--catalogue", catalogue], check=True)
    full = measure(_create(catalogue, "full", base / "full.xtar", tree))
    if full.status:
        raise SystemExit(full.complaint)
    print(f"full run: {full.cpu_seconds:.1f} s of CPU, {full.peak_bytes / 1e6:.0f} MB of memory")
    (base / "ready").touch()


def _change(tree: Path, rng: random.Random) -> None:
    paths = sorted(tree.glob("*/*"))
    for directory in rng.sample(paths, min(_CHANGED, len(paths))):
        path = rng.choice(sorted(directory.glob("*.txt")))
        path.write_bytes(rng.randbytes(20))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--base", type=Path, default=Path("/dev/shm/incremental"), help="where trees are kept")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main())
