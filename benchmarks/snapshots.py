"""Thirty days of a tree kept as snapshots by hard links, beside peers: CPU, bytes, inodes, and a run that is killed.

    python -m benchmarks.snapshots                        # pybackup, rsnapshot and bare rsync; minutes
    python -m benchmarks.snapshots --files 3000 --days 30

Bare rsync is what rsync-time-backup does: a dated directory, --link-dest to the one before, a link to the newest. CPU
seconds are of whole processes. The last run of each is killed by SIGKILL half way; then what looks like a complete
snapshot is compared with the tree. Needs rsnapshot (Debian's package); exit status 2 if it is missing.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import measure

_DAY_S = 86_400
_START_S = 1_700_000_000


class Tree:
    """A tree that lives for days."""

    def __init__(self, top: Path, files: int, seed: int) -> None:
        self.top, self._chance, self._number = top, random.Random(seed), 0
        self.paths = [self._new(0) for _ in range(files)]

    def live(self, day: int) -> None:
        """Change, add, delete and rename some files."""
        some = max(3, len(self.paths) // 100)
        for path in self._chance.sample(self.paths, some):
            self._write(path, day)
        self.paths += [self._new(day) for _ in range(some // 2)]
        for path in self._chance.sample(self.paths, some // 3):
            self.paths.remove(path)
            if self._chance.random() < 0.5:
                path.unlink()
            else:
                self.paths.append(path.rename(self._name()))

    def _name(self) -> Path:
        self._number += 1
        return self.top / f"d{self._number % 97}" / f"file-{self._number}"

    def _new(self, day: int) -> Path:
        path = self._name()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write(path, day)
        return path

    def _write(self, path: Path, day: int) -> None:
        path.write_bytes(self._chance.randbytes(int(self._chance.lognormvariate(8, 1.5))))
        at = _START_S + day * _DAY_S
        os.utime(path, (at, at))


Command = Callable[[int], list[str]]


def _contenders(tree: Path, base: Path) -> dict[str, Command]:
    for name in ("pybackup", "rsnapshot", "rsync"):
        (base / name).mkdir()
    config = base / "rsnapshot.conf"
    lines = (
        ("config_version", "1.2"), ("snapshot_root", f"{base}/rsnapshot/"), ("cmd_cp", "/bin/cp"),
        ("cmd_rsync", shutil.which("rsync") or "rsync"), ("retain", "daily", "100"), ("link_dest", "1"),
        ("backup", f"{tree}/", "tree/"),
    )  # fmt: skip
    config.write_text("".join("\t".join(line) + "\n" for line in lines))
    dated = (
        'set -e; to=$2/$3; test -e "$2/latest" && link="--link-dest=$2/latest" || link=; '
        'rsync -a --numeric-ids --delete $link "$1/" "$to.inprogress/"; mv "$to.inprogress" "$to"; '
        'ln -sfn "$3" "$2/latest"'
    )
    run = [sys.executable, "-m", "pybackup", "snapshot", "run", f"{tree}/", f"{base}/pybackup", "--quiet", "--name"]
    return {
        "pybackup": lambda day: [*run, f"day-{day:03}"],
        "rsnapshot": lambda day: ["rsnapshot", "-c", str(config), "daily"],
        "rsync": lambda day: ["sh", "-c", dated, "sh", str(tree), f"{base}/rsync", f"day-{day:03}"],
    }


def main() -> int:
    """Measure, print, and return the exit status."""
    options = _options()
    if not shutil.which("rsnapshot"):
        print("rsnapshot is missing")
        return 2
    with tempfile.TemporaryDirectory(dir=options.base) as room:
        base = Path(room)
        tree = Tree(base / "tree", options.files, 1)
        contenders = _contenders(tree.top, base)
        seconds = dict.fromkeys(contenders, 0.0)
        last = dict.fromkeys(contenders, 0.0)
        for day in range(options.days):
            for name, command in contenders.items():
                done = measure(command(day), sample_seconds=0)
                if done.status:
                    print(f"{name}: {done.complaint}")
                    return 2
                seconds[name] += done.cpu_seconds
                last[name] = done.wall_seconds
            tree.live(day + 1)
        print(f"{'':<10} {'CPU s':>8} {'MB':>8} {'inodes':>8}  killed half way")
        for name, command in contenders.items():
            n_bytes, inodes = _held(base / name)
            fate = _killed(command(options.days), last[name] / 2, base / name, tree.top)
            print(f"{name:<10} {seconds[name]:8.2f} {n_bytes / 1e6:8.1f} {inodes:8,}  {fate}")
    return 0


def _held(place: Path) -> tuple[int, int]:
    """Return the bytes and inodes below a directory; several names of an inode count once."""
    found = {each.stat(follow_symlinks=False).st_ino: each.stat(follow_symlinks=False) for each in place.rglob("*")}
    return sum(each.st_blocks * 512 for each in found.values()), len(found)


def _killed(command: list[str], after_seconds: float, place: Path, tree: Path) -> str:
    """Kill a run, and return what looks like its snapshot: none, or one that is whole or not."""
    before = _newest(place)
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        time.sleep(after_seconds)
        os.killpg(run.pid, signal.SIGKILL)
    newest = _newest(place)
    if newest == before:
        return "no snapshot, the one before is the newest"
    held = newest[0] / "tree" if (newest[0] / "tree").is_dir() else newest[0]
    same = subprocess.run(["diff", "-rq", tree, held], capture_output=True, check=False).returncode == 0
    return "a snapshot, and it is whole" if same else "what looks like the newest snapshot IS NOT WHOLE"


def _newest(place: Path) -> tuple[Path, int]:
    """Return the directory that looks like the newest complete snapshot, and its inode."""
    names = [
        each for each in place.iterdir() if each.is_dir() and not each.is_symlink() and not each.name.startswith(".")
    ]
    complete = [each for each in names if not each.name.endswith((".inprogress", ".incomplete"))]
    daily = place / "daily.0"
    newest = daily if daily in complete else max(complete)
    return newest, newest.stat().st_ino


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--base", type=Path, default=Path("/tmp"), help="where the tree and the snapshots are made")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
