"""Worker processes: a pool that ends with its parent, and a pool that is no pool."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from typing import Any

from pybackup.errors import EnvironmentFailed

_WATCH_SECONDS = 1.0
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3


def default_workers() -> int:
    """As many as there are processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def make_executor(workers: int | None = None) -> Executor:
    """Return an executor of so many processes, by default one a processor; of 1, one that runs everything here.

    The processes are started at once: what the caller loads afterwards weighs in none of them.
    """
    workers = workers or default_workers()
    if workers == 1:
        return InlineExecutor()
    # A fork costs 10 ms and shares what is imported, a fresh interpreter 300 ms each.
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(os.getpid(),))
    executor.submit(_nothing)
    return executor


@contextlib.contextmanager
def surviving() -> Iterator[None]:
    """Turn the death of a worker process into `EnvironmentFailed`."""
    try:
        yield
    except BrokenExecutor as error:
        raise EnvironmentFailed("a worker process died, perhaps for lack of memory; try --workers 1") from error


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


def _begin(parent: int) -> None:
    """In a new worker: leave Ctrl-C to the parent, and do not outlive it, even if it is dead by now."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _keep_memory()
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


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


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(1)
