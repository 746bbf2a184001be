"""Worker processes: a pool that ends with its parent, and a pool that is no pool."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from types import FrameType
from typing import Any

from pyactivity.ending import before_end, heeded, wait_for
from pybackup.errors import EnvironmentFailed
from pybackup.monitor import Monitor

from .temporaries import remove_all

# What a worker has of its own beside the bytes it works on: tables of the compressor, pages written since the fork.
_WORKER_BYTES = 64 << 20
_WATCH_SECONDS = 1.0
# A worker ends at once; one that does not is killed, whatever it leaves.
_ENDING_SECONDS = 5.0
# Raised where there are no semaphores (no /dev/shm, or none to write to), and where no more may be started.
_REFUSALS = (OSError, ImportError, RuntimeError)
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def default_workers() -> int:
    """As many as there are processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def is_usual(asked: int | None) -> bool:
    """Whether so many workers weigh too little to wait with them until their tasks are counted."""
    return asked is None or asked <= default_workers()


def bounded_workers(asked: int | None = None, *, tasks: int | None = None, task_bytes: int = 0) -> int:
    """Return how many processes to use: as many as asked for, by default one a processor, within what has a use.

    Parameters
    ----------
    tasks
        How many tasks there are at most; a process without one is only weight.
    task_bytes
        What one needs in memory; so many are used as the memory that is free now can hold.
    """
    workers = asked or default_workers()
    if tasks is not None:
        workers = min(workers, tasks)
    free = _free_bytes()
    if free is not None:
        workers = min(workers, free // (_WORKER_BYTES + task_bytes))
    return max(workers, 1)


def make_executor(
    workers: int | None = None, *, tasks: int | None = None, task_bytes: int = 0, monitor: Monitor
) -> Executor:
    """Return an executor of `bounded_workers` processes; of 1, one that runs everything here.

    The processes are started at once: what the caller loads afterwards weighs in none of them. Where the system
    does not let so many start, there are fewer, which a note tells.
    """
    # Here too: notes and indexes are packed where files are read, and with one worker all else.
    _keep_memory()
    wanted = count = bounded_workers(workers, tasks=tasks, task_bytes=task_bytes)
    refusal = ""
    while count > 1:
        try:
            return _start(count)
        except _REFUSALS as error:
            refusal = getattr(error, "strerror", None) or str(error)
            count //= 2
    if refusal:
        monitor.note(f"one process works instead of {wanted}: {refusal}")
    return InlineExecutor()


def _start(workers: int) -> Executor:
    """Return a pool of processes that have begun; nothing is left of one that cannot be had."""
    _try_threads(2 * workers + 2)
    # A fork costs 10 ms and shares what is imported, a fresh interpreter 300 ms each.
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    before = multiprocessing.active_children()
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(os.getpid(),))
    try:
        executor.submit(_nothing)
    except BaseException:
        # The pool forgets those it had started, and Python would wait for them at its end.
        for process in set(multiprocessing.active_children()).difference(before):
            process.kill()
            process.join()
        raise
    return executor


def _try_threads(count: int) -> None:
    """Raise RuntimeError where so many threads cannot be: a pool that finds out half way stands still.

    Each worker has one beside its own, the pool has two; the system counts processes and threads alike.
    """
    done = threading.Event()
    threads = []
    try:
        for _ in range(count):
            thread = threading.Thread(target=done.wait, daemon=True)
            thread.start()
            threads.append(thread)
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _free_bytes() -> int | None:
    """How much memory is free or can be made so; None where the system does not say."""
    found = []
    with contextlib.suppress(OSError, ValueError), open("/proc/meminfo", "rb") as lines:
        found += [int(line.split()[1]) << 10 for line in lines if line.startswith(b"MemAvailable:")]
    with contextlib.suppress(OSError, ValueError), open("/sys/fs/cgroup/memory.max", "rb") as limit:
        found.append(int(limit.read()))  # "max" is none
    return min(found, default=None)


@contextlib.contextmanager
def surviving() -> Iterator[None]:
    """Turn the death of a worker process into `EnvironmentFailed`."""
    try:
        yield
    except BrokenExecutor as error:
        raise EnvironmentFailed(
            "a worker process died, perhaps for lack of memory", option="workers", hint="1 starts none"
        ) from error


class InlineExecutor(Executor):
    """Runs each task when it is submitted, in the thread that submits it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the task and return its finished future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # the future carries it, as from any executor
            future.set_exception(error)
        return future


def end_children() -> None:
    """End all processes that were started here, and wait until they have removed their temporaries."""
    children = multiprocessing.active_children()
    for child in children:
        with contextlib.suppress(OSError):
            child.terminate()
    wait_for([child.pid for child in children if child.pid], _ENDING_SECONDS)


before_end(end_children)


def _begin(parent: int) -> None:
    """In a new worker: leave Ctrl-C to the parent, and do not outlive it, even if it is dead by now."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hears, tells = os.pipe()
    os.set_blocking(tells, False)
    signal.set_wakeup_fd(tells)
    for number in heeded():
        signal.signal(number, _told_by_the_pipe)
    _keep_memory()
    threading.Thread(target=_watch, args=(parent, hears), daemon=True).start()


def _told_by_the_pipe(number: int, frame: FrameType | None) -> None:
    """Leave a signal to `_watch`, which hears of it at once, while the main thread compresses."""


def _nothing() -> None:
    """A task that only makes the processes start."""


def _keep_memory() -> None:
    """Ask glibc to keep what is freed.

    liblzma's tables are fresh for each small file: given back and faulted in each time they cost more
    than the compression, a third of the whole time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_THRESHOLD, 32 << 20)
    mallopt(_M_TRIM_THRESHOLD, 64 << 20)


def _watch(parent: int, hears: int) -> None:
    """End in order when a signal says so, or the parent is gone."""
    pipe = select.poll()
    pipe.register(hears, select.POLLIN)
    while not pipe.poll(1000 * _WATCH_SECONDS) and os.getppid() == parent:
        pass
    remove_all()
    os._exit(1)
