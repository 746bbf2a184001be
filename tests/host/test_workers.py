"""Worker processes: as many as have a use, and fewer where the system lets no more start."""

from __future__ import annotations

import errno
import itertools
import multiprocessing
import multiprocessing.synchronize
import os
import subprocess
import sys
from concurrent.futures import Executor
from pathlib import Path

import pytest
from kit.hearing import Notes

from pybackup.cli.main import main
from pybackup.compress.stage import most_batches
from pybackup.host import workers
from pybackup.host.workers import InlineExecutor, bounded_workers, default_workers, make_executor
from pybackup.make.plan import CreateOptions
from pybackup.monitor import Monitor

MIB = 1 << 20


@pytest.mark.parametrize(
    ("asked", "tasks", "free", "used"),
    [
        (None, None, None, default_workers()),
        (8, None, None, 8),
        (8, 3, None, 3),
        (8, 0, None, 1),
        (8, None, 64 * MIB * 5, 5),
        (8, 3, 64 * MIB * 5, 3),
        (8, None, 0, 1),
        (1_000_000, None, 1 << 30, 16),
    ],
)
def test_no_more_than_have_a_use(
    asked: int | None, tasks: int | None, free: int | None, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_free_bytes", lambda: free)
    assert bounded_workers(asked, tasks=tasks) == used


def test_what_a_task_takes_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_free_bytes", lambda: 1 << 30)
    assert bounded_workers(1000, task_bytes=192 * MIB) == 4
    # What is read ahead is bounded with them.
    options = CreateOptions(workers=1_000_000, segment_bytes=64 * MIB)
    assert options.window_bytes == 5 * 64 * MIB


def test_free_memory_is_known_here() -> None:
    assert (workers._free_bytes() or 0) > 16 * MIB


@pytest.mark.parametrize(
    ("files", "n_bytes", "segment_bytes", "most"),
    [(30, 3000, 16 * MIB, 1), (64, 0, MIB, 2), (1, 3 * MIB, MIB, 4), (0, 0, MIB, 1)],
)
def test_tasks_of_a_creation(files: int, n_bytes: int, segment_bytes: int, most: int) -> None:
    assert most_batches(files, n_bytes, segment_bytes) == most


def test_two_hundred_workers_for_thirty_small_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[int] = []

    def start(count: int) -> Executor:
        started.append(count)
        return InlineExecutor()

    monkeypatch.setattr(workers, "_start", start)
    source, archive = tmp_path / "small", str(tmp_path / "small.xtar")
    source.mkdir()
    for number in range(30):
        (source / str(number)).write_text("a few words")
    assert main(["create", str(source), "-o", archive, "--workers", "200"]) == 0
    assert main(["extract", archive, "--to", str(tmp_path / "back"), "--workers", "1000000"]) == 0
    assert main(["verify", archive, "--deep", "--workers", "1000000"]) == 0
    assert started == []
    # Of the many that salvage cannot count the tasks for, memory is the bound.
    monkeypatch.setattr(workers, "_free_bytes", lambda: 640 * MIB)
    assert main(["salvage", archive, "--to", str(tmp_path / "again"), "--workers", "1000000"]) == 0
    assert started == [10]


REFUSALS = [
    OSError(errno.EROFS, os.strerror(errno.EROFS)),
    PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
    FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)),
    ImportError("This platform lacks a functioning sem_open implementation"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda error: type(error).__name__)
def test_without_semaphores_one_process_works(refusal: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise refusal

    monkeypatch.setattr(multiprocessing.synchronize.SemLock, "__init__", refuse)
    heard = Notes()
    with make_executor(2, monitor=heard) as executor:
        assert executor.submit(sum, (1, 2)).result() == 3
    assert isinstance(executor, InlineExecutor)
    assert heard.notes == [f"one process works instead of 2: {getattr(refusal, 'strerror', None) or refusal}"]


def test_fewer_where_not_all_may_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The third fork is refused: those before it are gone, and two of the six asked for work."""
    real, forks = os.fork, itertools.count()

    def fork() -> int:
        if next(forks) == 2:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return real()

    monkeypatch.setattr(os, "fork", fork)
    before = set(multiprocessing.active_children())
    with make_executor(4, monitor=Monitor()) as executor:
        assert executor.submit(sum, (1, 2)).result() == 3
        assert len(set(multiprocessing.active_children()) - before) == 2
    assert set(multiprocessing.active_children()) == before


# A user of its own, else processes of others count; it may read what belongs to root, as this interpreter may.
AS_A_USER = ["setpriv", "--clear-groups", "--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
PYBACKUP = [sys.executable, "-m", "pybackup"]


def limited(limit: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    user = str(100_000 + os.getpid() % 1_000_000_000)
    command = [*AS_A_USER, "--reuid", user, "--regid", user, "prlimit", limit, *PYBACKUP, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=120, cwd="/")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(4):
        (source / f"{number}.zip").write_bytes(os.urandom(3 * MIB))
    for directory in (tmp_path, *list(tmp_path.parents)[:2]):
        directory.chmod(0o777)
    return source


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize("limit", ["--nproc=1", "--nproc=2", "--nproc=3", "--nproc=5", "--nproc=7", "--nproc=9"])
def test_a_limit_of_processes(limit: str, tree: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.xtar"
    for arguments in (
        ("create", tree, "-o", archive),
        ("verify", "--deep", archive),
        ("extract", archive, "--to", tmp_path / "back"),
        ("salvage", archive, "--to", tmp_path / "again"),
        ("disc", "build", archive, "--to", tmp_path / "images"),
    ):
        done = limited(limit, *arguments)
        assert b"Traceback" not in done.stderr
        if limit == "--nproc=1" and done.returncode:  # checking and copying need a second thread
            assert done.returncode == 5
            assert done.stderr.endswith(b"pybackup: the system allows no more threads or processes (ulimit -u)\n")
            archive.exists() or main(["create", str(tree), "-o", str(archive)])
        else:
            assert done.returncode == 0, done.stderr
            alone = limit in ("--nproc=1", "--nproc=2", "--nproc=3", "--nproc=5") and default_workers() > 1
            assert (b"one process works instead of" in done.stderr) == (alone and arguments[0] != "disc")


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize("mib", [40, 60, 90, 120, 150, 200, 300])
def test_a_limit_of_memory(mib: int, tree: Path, tmp_path: Path) -> None:
    """Done, or what is lacking; never a traceback, and never half of it."""
    archive = tmp_path / "a.xtar"
    done = limited(f"--as={mib * MIB}", "create", tree, "-o", archive)
    assert b"Traceback" not in done.stderr
    # A library of numpy's that finds no memory for its buffers ends the process itself, with 1.
    assert done.returncode in ((0, 5) if b"OpenBLAS error" not in done.stderr else (1,)), done.stderr
    assert archive.exists() == (done.returncode == 0)
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("source", "a.xtar")] == []


ENDED = """
import os, signal, sys, time
from pyactivity.ending import heed
from pybackup.host.temporaries import create, open_claimed, open_new
from pybackup.host.workers import make_executor
from pybackup.monitor import Monitor

def hold(directory):
    dir_fd = open_claimed(directory)
    create(dir_fd, lambda free: open_new(free, dir_fd))
    open(os.path.join(directory, b"begun"), "w").close()
    time.sleep(600)

number = getattr(signal, sys.argv[1])
signal.signal(number, signal.SIG_DFL)
heed("program")
with make_executor(2, monitor=Monitor()) as executor:
    working = executor.submit(hold, os.fsencode(sys.argv[2]))
    while not os.path.exists(os.path.join(sys.argv[2], "begun")):
        time.sleep(0.01)
    (os.killpg if sys.argv[3] == "all" else os.kill)(os.getpid(), number)
    print("went on")
"""


@pytest.mark.skipif(default_workers() < 2, reason="has no pool")
@pytest.mark.parametrize("to", ["all", "the first"])
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_worker_that_is_ended_leaves_no_temporary(number: str, to: str, tmp_path: Path) -> None:
    """Whoever the signal goes to, the worker has ended, with what it held, when its parent has."""
    words = [sys.executable, "-c", ENDED, number, os.fspath(tmp_path), to]
    environment = {**os.environ, "PYTHONPATH": str(Path(workers.__file__).parents[2])}
    done = subprocess.run(words, env=environment, capture_output=True, check=False, timeout=120, start_new_session=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"program: interrupted\n")
    assert os.listdir(tmp_path) == ["begun"]
