"""Reading archives by a mount, beside 7z and `pybackup extract`, in the same run.

    python -m benchmarks.mount [--scale F] [--large BYTES] [--reads N] [--work DIR] [--json FILE]

First a part of the corpus `mixed`: extracted by `7z x` from a .7z of the same tree, by `pybackup extract`, and read
through a mount of the archive: all files in their order, then all of them by four readers in random order, whose MD5
sums are compared with those of the tree. Then one large file that compresses well: read through a mount from start to
end, and at random; and by `7z x` of all its members, which `tar` has unpacked before. Memory is the peak of the process
behind the mount (VmHWM), without what the system caches. Wall and CPU seconds, the latter of all processes that take
part. Exit status 1 where any byte differs, or where the mount needs more memory than is required.
"""

import argparse
import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from benchmarks import corpora, trees
from benchmarks.measure import measure
from benchmarks.speed import machine
from benchmarks.tables import aligned

_ROOT: Final = Path(__file__).resolve().parent.parent
_READERS: Final = 4
_STEP: Final = 1 << 20
_READ: Final = 64 << 10
_MOST_BYTES: Final = 400 << 20
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Read:
    """What reading took: `n_bytes` of content; `peak_bytes` of the process behind the mount, 0 where there is none."""

    what: str
    n_bytes: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int = 0
    is_right: bool = True


def _own(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "pybackup", *map(str, words), "--quiet"]


def _ran(what: str, command: list[str], n_bytes: int, *, cwd: Path = _ROOT) -> Read:
    done = measure(command, cwd=cwd, sample_seconds=0)
    if done.status:
        print(f"FAIL {what}: status {done.status}: {done.complaint}", file=sys.stderr)
    return Read(what, n_bytes, done.wall_seconds, done.cpu_seconds, is_right=not done.status)


@contextmanager
def _mounted(archive: Path, at: Path) -> Iterator[int]:
    """Mount an archive, and yield the id of the process behind it."""
    at.mkdir()
    process = subprocess.Popen([*_own("mount", archive), str(at)], cwd=_ROOT)
    try:
        until = time.monotonic() + 60
        while not os.path.ismount(at):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("nothing was mounted: this needs fuse3, mfusepy and the rights to mount")
            time.sleep(0.02)
        yield process.pid
    finally:
        process.terminate()
        process.wait()
        at.rmdir()


def _cpu_of(pid: int) -> float:
    fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_of(pid: int) -> int:
    lines = Path("/proc", str(pid), "status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))


def _own_cpu() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _timed(what: str, n_bytes: int, archive: Path, at: Path, work: Callable[[], bool]) -> Read:
    """Read through a mount that nobody has read from before."""
    with _mounted(archive, at) as pid:
        own, start, before = _own_cpu(), time.perf_counter(), _cpu_of(pid)
        is_right = work()
        wall = time.perf_counter() - start
        return Read(what, n_bytes, wall, _cpu_of(pid) - before + _own_cpu() - own, _peak_of(pid), is_right)


def _md5(path: str) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb", buffering=0) as file:
        while data := file.read(_STEP):
            digest.update(data)
    return digest.hexdigest()


def _sums(top: Path, paths: list[str], readers: int) -> list[str]:
    whole = [os.fspath(top / path) for path in paths]
    if readers == 1:
        return [*map(_md5, whole)]
    with ProcessPoolExecutor(readers, mp_context=get_context("fork")) as pool:
        return [*pool.map(_md5, whole, chunksize=16)]


def many_files(room: Path, scale: float) -> Iterator[Read]:
    """Read a part of the corpus `mixed`."""
    tree, archive, other, at = room / "mixed", room / "mixed.xtar", room / "mixed.7z", room / "at"
    corpus = corpora.make("mixed", tree, scale=scale)
    _ran("create", _own("create", tree, "-o", archive), 0)
    _ran("7z a", ["7z", "a", "-bd", "-ms=off", "-mx=5", str(other), str(tree)], 0)
    paths = sorted(path for path, entry in trees.walk(tree) if entry.is_file())
    wanted = dict(zip(paths, _sums(tree, paths, 1), strict=True))
    yield _ran("7z x of a .7z", ["7z", "x", "-bd", f"-o{room / 'by 7z'}", str(other)], corpus.bytes)
    yield _ran("pybackup extract", _own("extract", archive, "--to", room / "by us"), corpus.bytes)

    def read(order: list[str], readers: int) -> bool:
        return _sums(at / "mixed", order, readers) == [wanted[path] for path in order]

    yield _timed("mount, in order", corpus.bytes, archive, at, lambda: read(paths, 1))
    mixed = random.Random(1).sample(paths, len(paths))
    yield _timed(f"mount, random order, {_READERS} readers", corpus.bytes, archive, at, lambda: read(mixed, _READERS))


def _stretch(number: int) -> bytes:
    """Return the MiB of that number of the large file: it compresses well, and no two are the same."""
    line = hashlib.sha256(number.to_bytes(8)).hexdigest().encode() + b" a line of a log, as there are many\n"
    return (line * (_STEP // len(line) + 1))[:_STEP]


def _is_right(data: bytes, at: int) -> bool:
    first, last = at // _STEP, -(-(at + len(data)) // _STEP)
    return b"".join(map(_stretch, range(first, last)))[at - first * _STEP :][: len(data)] == data


def _from_start(path: Path, size: int) -> bool:
    at = 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(_STEP):
            if not _is_right(data, at):
                return False
            at += len(data)
    return at == size


def _at_random(path: Path, size: int, reads: int, seed: int) -> bool:
    chance = random.Random(seed)
    with path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        for _ in range(reads):
            at = chance.randrange(size - _READ)
            if not _is_right(os.pread(file.fileno(), _READ, at), at):
                return False
    return True


def large_file(room: Path, size: int, reads: int) -> Iterator[Read]:
    """Read a large file from start to end, and at random."""
    size -= size % _STEP
    source, archive, at, members = room / "large", room / "large.xtar", room / "at", room / "members"
    with source.open("wb") as file:
        for number in range(size // _STEP):
            file.write(_stretch(number))
    _ran("create", _own("create", source, "-o", archive, "--compression", "fast"), 0)
    source.unlink()
    members.mkdir()
    yield _ran("tar xf, for 7z", ["tar", "-xf", str(archive), "-C", str(members), "--wildcards", "*.7z"], 0)
    yield _ran("7z x -so of its members", ["7z", "x", "-so", "-bd", f"{members}/*.7z"], size)
    mounted = at / "large"
    yield _timed("mount, from start to end", size, archive, at, lambda: _from_start(mounted, size))
    read_bytes = reads * _READ
    yield _timed(
        f"mount, {reads:,} reads at random", read_bytes, archive, at, lambda: _at_random(mounted, size, reads, 1)
    )

    def four() -> bool:
        with ProcessPoolExecutor(_READERS, mp_context=get_context("fork")) as pool:
            return all(pool.map(partial(_at_random, mounted, size, reads // _READERS), range(_READERS)))

    yield _timed(f"the same by {_READERS} readers", read_bytes, archive, at, four)


def _row(read: Read) -> tuple[str, ...]:
    rate = f"{read.n_bytes / 1e6 / read.wall_seconds:.1f}" if read.n_bytes else "-"
    peak = f"{read.peak_bytes / 1e6:.0f}" if read.peak_bytes else "-"
    return read.what, f"{read.n_bytes / 1e6:.0f}", f"{read.wall_seconds:.2f}", f"{read.cpu_seconds:.2f}", rate, peak


def main() -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mount", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--scale", type=float, default=0.2, help="of the corpus (default: 0.2, 60 MB)")
    parser.add_argument(
        "--large", type=int, default=4 << 30, metavar="BYTES", help="of the large file (default: 4 GiB)"
    )
    parser.add_argument("--reads", type=int, default=2000, help="at random (default: 2,000)")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()), help="where files are made")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    options = parser.parse_args()
    print(json.dumps(machine()))
    found: list[Read] = []
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        for reads in (many_files(Path(name), options.scale), large_file(Path(name), options.large, options.reads)):
            for read in reads:
                found.append(read)
                print("  ".join(_row(read)), file=sys.stderr, flush=True)
    print("\n".join(aligned([("", "MB", "s", "CPU s", "MB/s", "peak MB"), *map(_row, found)])))
    if options.json:
        options.json.write_text(json.dumps([asdict(read) for read in found]))
    wrong = [f"FAIL {read.what}: not what was archived" for read in found if not read.is_right]
    peak = max(read.peak_bytes for read in found)
    verdict = "PASS" if peak <= _MOST_BYTES else "MISS"
    print("\n".join([*wrong, f"{verdict} the mount needs no more than {_MOST_BYTES >> 20} MiB: {peak / 1e6:.0f} MB"]))
    return int(bool(wrong) or verdict == "MISS")


if __name__ == "__main__":
    sys.exit(main())
