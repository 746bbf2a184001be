"""Cases one after the other in a child, each with a limit on its memory and its time, and nothing to write but its own.

A case may take `FREE_BYTES` and `BYTES_A_BYTE` times its own length. What the format itself allows is the reason: an
index may grow to 64 MiB when decompressed, and a million entries come free (`layout.index`), of 300 bytes each as rows
of a tree index, and up to 800 bytes each where they are put together from what is left. What grows with the input is
entries of longer indexes and what a scan remembers of each block.
"""

from __future__ import annotations

import faulthandler
import gc
import itertools
import os
import random
import resource
import signal
import subprocess
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from pybackup.errors import PybackupError

from .targets import OUTPUTS, TARGETS, Case

FREE_BYTES = 1 << 30
BYTES_A_BYTE = 64
# Beyond it Python itself is refused memory, before the machine is out of it.
_MOST_BYTES = 6 << 30
# Of CPU time. A million rows, opened twice, take up to fourteen; what takes minutes does not end.
SECONDS = 30
_HANGS_SECONDS = 120
# On a busy machine a case may wait much longer than it works.
_SLEEPS_SECONDS = 900
_ROUNDS_A_BOMB = 20
_SECRET = b"beside the target"


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that did what no case may do, and how it showed."""

    target: str
    seed: int
    what: str


@dataclass(frozen=True, slots=True)
class Done:
    """A case that went well: peak of memory in bytes, and CPU time in seconds."""

    target: str
    seed: int
    peak_bytes: int
    seconds: float


Job = tuple[str, int]
"""Target and seed."""


def jobs_from(seed: int, targets: Sequence[str] = tuple(TARGETS)) -> Iterator[Job]:
    """Endless jobs, each target in turn; the bombs, which take seconds, now and then."""
    for number in itertools.count(seed):
        for target in targets:
            if target != "bomb" or number % _ROUNDS_A_BOMB == 0 or len(targets) == 1:
                yield target, number


def case_of(target: str, seed: int) -> Case:
    """The files of a case."""
    return TARGETS[target].make(random.Random(f"{target} {seed}"))


def run_all(jobs: Iterable[Job]) -> Iterator[Done | Failure]:
    """Run all jobs, in a child that is replaced when it dies."""
    left = list(jobs)
    while left:
        receiver, sender = Pipe(duplex=False)
        with tempfile.TemporaryFile() as log:
            pid = os.fork()
            if not pid:
                _child(left, sender, log.fileno())
            sender.close()
            yield from _heard(receiver, left, log.fileno())
            os.waitpid(pid, 0)


def _heard(receiver: Connection, left: list[Job], log: int) -> Iterator[Done | Failure]:
    """What the child says, and of what it dies; ``left`` loses what is done."""
    while left:
        try:
            result = receiver.recv()
        except EOFError:
            said = os.pread(log, 1 << 20, 0).decode(errors="replace")
            yield Failure(*left.pop(0), said or "killed")
            return
        left.pop(0)
        yield result


def _child(jobs: list[Job], sender: Connection, log: int) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
        faulthandler.register(signal.SIGPROF, file=log, chain=True)
        for target, seed in jobs:
            faulthandler.dump_traceback_later(_SLEEPS_SECONDS, exit=True, file=log)
            signal.setitimer(signal.ITIMER_PROF, _HANGS_SECONDS)
            with own_directory() as base:
                sender.send(_judged(target, seed, base))
            faulthandler.cancel_dump_traceback_later()
    finally:
        os._exit(0)


@contextmanager
def own_directory() -> Iterator[Path]:
    """In memory, if there is a file system in it."""
    # That of the run of all tests, if there is one: see `kit.memory`, which is not at hand without pytest.
    room = os.environ.get("PYBACKUP_TESTS_ROOM") or ("/dev/shm" if os.path.isdir("/dev/shm") else None)
    base = Path(tempfile.mkdtemp(prefix="pybackup-fuzz-", dir=room))
    try:
        yield base
    finally:
        # Not `shutil.rmtree`: a case may nest directories deeper than Python nests calls.
        subprocess.run(["rm", "-rf", base], check=True)


def _judged(target: str, seed: int, base: Path) -> Done | Failure:
    try:
        case = case_of(target, seed)
        peak_bytes, seconds = run_case(target, case, base)
    except BaseException:
        return Failure(target, seed, traceback.format_exc())
    return Done(target, seed, peak_bytes, seconds)


def run_case(target: str, case: Case, base: Path) -> tuple[int, float]:
    """Run a case in an empty directory; return peak of memory in bytes and CPU time in seconds.

    Raises
    ------
    AssertionError
        It took too much of either, or wrote where it must not.
    Exception
        Whatever else came out of it.
    """
    for name, data in case.items():
        (base / name).write_bytes(data)
    (base / "out").mkdir()
    (base / "secret").write_bytes(_SECRET)
    gc.collect()
    before, start = _reset_peak(), time.process_time()
    with suppress(PybackupError):
        TARGETS[target].run(base)
    seconds, peak_bytes = time.process_time() - start, max(0, _peak() - before)
    size = sum(map(len, case.values()))
    assert peak_bytes <= FREE_BYTES + BYTES_A_BYTE * size, f"{peak_bytes >> 20} MiB for {size} bytes"
    assert seconds <= SECONDS, f"{seconds:.1f} s of CPU time for {size} bytes"
    strays = {path.name for path in base.iterdir()} - {*case, "out", "secret"}
    strays |= {path.name for path in (base / "out").iterdir()} - {*OUTPUTS}
    assert not strays, f"wrote what it must not: {strays}"
    assert (base / "secret").read_bytes() == _SECRET, "wrote into what is beside the target"
    return peak_bytes, seconds


def _reset_peak() -> int:
    """Let the system count the peak anew, if it can; return the memory in use."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) << 10
    raise AssertionError(f"the system does not tell {name}")
