"""A scan of a stage in which nothing changed, beside find: wall and CPU seconds, and memory.

    python -m benchmarks.staging                          # a million files below /dev/shm, made once: minutes
    python -m benchmarks.staging --files 200000 --runs 5

The tree is that of `benchmarks.activity`, but each file has a few bytes. Of whole processes: wall seconds, and CPU
seconds, user and system together; the least of the runs, interleaved. With two processors, a scan has a second process.
Beside find and the scan stand the floor: what Python takes to ask for each entry and its status, and nothing
else; and what starting takes: a scan of a directory with one file. Modules are compiled beforehand, as pip does when it
installs them. Exit status 1 when a requirement is missed: 1.5 times the wall seconds of find, 300 MB.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.activity import make_tree
from benchmarks.measure import measure
from pybackup.model.entry import Kind
from pybackup.stage.look import look
from pybackup.stage.state_file import open_state
from pybackup.stage.tables import join_path
from pybackup.stage.values import KnownFile, StagedCopy

_MOST_TIMES, _MOST_BYTES = 1.5, 300 * 10**6
_FLOOR = """
import os, sys
left = [sys.argv[1]]
while left:
    here = left.pop()
    fd = os.open(here, os.O_RDONLY)
    with os.scandir(fd) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                left.append(here + "/" + entry.name)
            else:
                entry.stat(follow_symlinks=False)
    os.close(fd)
"""


def main() -> int:
    """Measure, print, and return the exit status."""
    options = _options()
    base: Path = options.base / str(options.files)
    tree, stage = base / "tree", base / "stage"
    alone, its_stage = base / "one" / "tree", base / "one" / "stage"
    _compile(base)
    _prepare(tree, stage, options.files)
    _prepare(alone, its_stage, 1)
    commands = {
        "find -printf": ["find", str(tree), "-type", "f", "-printf", r"%s %T@\n"],
        "the floor": [sys.executable, "-I", "-S", "-c", _FLOOR, str(tree)],
        "starting": [sys.executable, "-m", "pybackup", "stage", "scan", str(its_stage), "--quiet"],
        "stage scan": [sys.executable, "-m", "pybackup", "stage", "scan", str(stage), "--quiet"],
    }
    runs = [{name: measure(command) for name, command in commands.items()} for _ in range(options.runs)]
    if any(each.status for run in runs for each in run.values()):
        print(next(each.complaint for run in runs for each in run.values() if each.status))
        return 2
    wall = {name: min(run[name].wall_seconds for run in runs) for name in commands}
    cpu = {name: min(run[name].cpu_seconds for run in runs) for name in commands}
    peak = max(run["stage scan"].peak_bytes for run in runs)
    times = wall["stage scan"] / wall["find -printf"]
    for name in commands:
        told = (f"{least[name]:6.2f} s, {least[name] / least['find -printf']:.2f} times find" for least in (wall, cpu))
        print(f"{name:<14} wall {next(told)};  CPU {next(told)}")
    print(f"{'peak memory':<14} {peak / 1e6:6.0f} MB")
    return int(times > _MOST_TIMES or peak > _MOST_BYTES)


def _compile(base: Path) -> None:
    """Have Python keep compiled modules, whatever the environment says of that."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(base / "compiled")


def _prepare(tree: Path, stage: Path, files: int) -> None:
    """Make the tree, and a stage that has scanned it."""
    if (stage / "ready").exists():
        return
    tree.parent.mkdir(parents=True, exist_ok=True)
    made = tree.with_name("empty")
    make_tree(made, files, 1)
    for number, path in enumerate(sorted(made.rglob("*.txt"))):
        path.write_bytes(b"%d" % number)
    made.rename(tree)
    run = [sys.executable, "-m", "pybackup", "stage"]
    size = ["--medium", "1T", "--settle", "0", "--on-full", "ask"]
    subprocess.run([*run, "init", str(tree), "--staging", str(stage), *size], check=True)
    _enter_all(tree, stage)
    subprocess.run([*run, "scan", str(stage), "--quiet"], check=True)
    (stage / "ready").touch()


def _enter_all(tree: Path, stage: Path) -> None:
    """Enter each file as staged, but copy none: the first scan would take most of an hour."""
    top = os.fsencode(tree)
    with open_state(os.fsencode(stage)) as state:
        for directory, found in look(top, None, lambda path, error: None):
            for name, size, mtime_ns, ctime_ns in found:
                times = (size, mtime_ns, ctime_ns)
                path = join_path(directory, os.fsencode(name))
                sha256 = hashlib.sha256(path).digest()
                state.add_copy(StagedCopy(0, 1, path, int(Kind.FILE), *times[:2], 0o644, sha256, 4200, "new file", 0))
                state.set_file(path, KnownFile(*times, 1, sha256))
        state.commit()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--base", type=Path, default=Path("/dev/shm/staging"), help="where trees and stages are kept")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main())
