"""Run a command and measure its whole tree of processes: wall and CPU seconds, peak memory, exit status.

CPU seconds are those of the command and of every descendant that was waited for, by its parent or, when orphaned, by
this process, which adopts orphans once it measures (prctl(2), PR_SET_CHILD_SUBREAPER). Peak memory is the highest sum
of the proportional set sizes (PSS: shared pages counted once) of all processes of the tree, read from /proc at short
intervals; the resident set size stands in where the kernel does not tell the PSS.

`python -m benchmarks.measure COMMAND...` prints one line about COMMAND.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PR_SET_CHILD_SUBREAPER: Final = 36
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_STRAY_SECONDS: Final = 30.0
_TAIL_BYTES: Final = 2_000


@dataclass(frozen=True)
class Measured:
    """What a command took. `status` is negative when a signal ended it; `peak_bytes` is 0 when not sampled."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    status: int
    complaint: str


def measure(command: Sequence[str], *, cwd: Path | None = None, sample_seconds: float = 0.05) -> Measured:
    """Run `command` to its end, and its descendants to theirs, with no input and no output.

    `sample_seconds` is the time between two looks at the memory, 0 for none. The end of standard error becomes
    the `complaint` of the result. Raises OSError when the command cannot be started.
    """
    _adopt_orphans()
    others = set(_children(os.getpid()))
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        sampler = _Sampler(others, sample_seconds)
        try:
            status, cpu_seconds = _wait(process, others)
        except BaseException:
            _kill(others)
            process.wait()
            raise
        finally:
            sampler.stop()
        wall_seconds = time.perf_counter() - start
        errors.seek(max(errors.seek(0, os.SEEK_END) - _TAIL_BYTES, 0))
        complaint = errors.read().decode(errors="replace").strip()
    return Measured(wall_seconds, cpu_seconds, sampler.peak_bytes, status, complaint)


class _Sampler:
    """A thread that keeps the highest sum of memory seen over the tree beneath this process."""

    def __init__(self, others: set[int], sample_seconds: float) -> None:
        self.peak_bytes = 0
        self._others = others
        self._pause = sample_seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        if sample_seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.peak_bytes = max(self.peak_bytes, sum(map(_memory, _tree(self._others))))
            self._stopped.wait(self._pause)


def _wait(process: subprocess.Popen[bytes], others: set[int]) -> tuple[int, float]:
    """Wait for the command, then for those it left behind: the exit status, the CPU seconds of all."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu_seconds = usage.ru_utime + usage.ru_stime
    deadline = time.monotonic() + _STRAY_SECONDS
    while strays := [pid for pid in _children(os.getpid()) if pid not in others]:
        for pid in strays:
            gone, _, usage = os.wait4(pid, os.WNOHANG)
            cpu_seconds += usage.ru_utime + usage.ru_stime if gone else 0.0
        if time.monotonic() > deadline:
            _kill(others)
        time.sleep(0.001)
    return process.returncode, cpu_seconds


def _kill(others: set[int]) -> None:
    for pid in _tree(others):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _tree(others: set[int]) -> list[int]:
    """The descendants of this process, without `others` among its children and what lies beneath those."""
    pending = [pid for pid in _children(os.getpid()) if pid not in others]
    found: list[int] = []
    while pending:
        pid = pending.pop()
        found.append(pid)
        pending += _children(pid)
    return found


def _children(pid: int) -> list[int]:
    """The children that any thread of `pid` started; none when it is gone."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def _memory(pid: int) -> int:
    """The PSS of `pid` in bytes, else its RSS, else 0."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


def _adopt_orphans() -> None:
    if not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
        raise OSError("this kernel does not list a process's children under /proc (CONFIG_PROC_CHILDREN)")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def main() -> int:
    """Measure the command given as arguments; exit as it did."""
    if len(sys.argv) < 2:
        print("usage: python -m benchmarks.measure COMMAND [ARGUMENT...]", file=sys.stderr)
        return 2
    try:
        result = measure(sys.argv[1:])
    except OSError as error:
        print(error, file=sys.stderr)
        return 127
    if result.complaint:
        print(result.complaint, file=sys.stderr)
    wall, cpu, peak = result.wall_seconds, result.cpu_seconds, result.peak_bytes / 1e6
    print(f"{wall:.3f} s wall, {cpu:.3f} s CPU, {peak:.1f} MB peak, status {result.status}")
    return result.status if result.status >= 0 else 128 - result.status


if __name__ == "__main__":
    sys.exit(main())
