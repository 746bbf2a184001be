"""Work in threads: whoever waits for it hears of its end, however the thread ends.

A thread of a pool of the standard library that finds no memory between two calls ends without a word, and its
future is waited for without end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class InThread(Generic[Result]):
    """Work that begins at once, in a thread of its own."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._results: list[Result] = []
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether it is done, or has failed."""
        return not self._thread.is_alive()

    @property
    def failure(self) -> BaseException | None:
        """What ended it before its time; None while it runs, and after it is done."""
        # Whether it has ended is asked first: what it left then is all there will be.
        if self.ended and self._failure is None and not self._results:
            return MemoryError("a thread ended without a word")
        return self._failure

    def join(self, seconds: float | None = None) -> None:
        """Wait for its end, whatever it is, so long at most."""
        self._thread.join(seconds)

    def result(self) -> Result:
        """Wait for its end, and return what it returned, or raise what ended it."""
        self.join()
        failure = self.failure
        if failure is not None:
            raise failure
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # it is raised where the result is asked for
            self._failure = error


def in_threads(work: Callable[[Item], object], items: Iterable[Item], threads: int) -> None:
    """Call ``work`` with each of the items, in so many threads; all of these have ended when it returns or raises.

    Raises
    ------
    BaseException
        What the first of the threads raised that failed. Work that has not begun then is not done.
    """
    left = iter(items)
    taking = threading.Lock()
    failed = threading.Event()

    def take() -> None:
        try:
            while not failed.is_set():
                with taking:
                    try:
                        item = next(left)
                    except StopIteration:
                        return
                work(item)
        except BaseException:
            failed.set()
            raise

    running: list[InThread[None]] = []
    try:
        for _ in range(threads):
            running.append(InThread(take))
        for each in running:
            each.result()
    finally:
        failed.set()
        for each in running:
            each.join()
