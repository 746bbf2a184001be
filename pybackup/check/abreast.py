"""Two readers of one file, kept at about the same place, so that what one has read the other finds in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Condition
from types import TracebackType
from typing import Generic, Self, TypeVar

from pybackup.monitor import Monitor, Relay
from pybackup.threads import InThread

Result = TypeVar("Result")

# How far one may be ahead: any machine keeps this much of a file in memory, and a disc or hard disk need not seek.
_AHEAD_BYTES = 64 << 20
_LOOK_SECONDS = 0.1


class GivenUp(Exception):
    """Raised in the second thread when the caller has failed, to end its work."""


class Abreast(Generic[Result]):
    """Runs work in a second thread; neither it nor the caller reads far ahead of the other.

    As a context manager it ends the work, and waits for that, when the caller fails or is interrupted.

    Parameters
    ----------
    work
        Called with a function that it has to call with the number of bytes read since the last call. This waits while
        the work is ahead, and raises `GivenUp` if the caller has failed.
    """

    def __init__(self, work: Callable[[Callable[[int], None]], Result]) -> None:
        self._change = Condition()
        self._caller_bytes = 0
        self._beside_bytes = 0
        self._caller_reads = True
        self._abandoned = False
        self._beside = InThread(partial(work, self._beside_advances))

    def advance(self, n_bytes: int) -> None:
        """Count bytes that the caller has read, and wait while it is ahead."""
        with self._change:
            self._caller_bytes += n_bytes
            self._change.notify_all()
            # With a time-out, as a thread that has ended notifies nobody.
            while self._caller_bytes > self._beside_bytes + _AHEAD_BYTES and not self._beside.ended:
                self._change.wait(_LOOK_SECONDS)

    def result(self, progress: Callable[[int], None]) -> Result:
        """Wait for the work, and return its result or raise its exception; the caller has finished reading.

        Parameters
        ----------
        progress
            Called in the thread of the caller with the number of bytes that the work has read since the last call; the
            first call counts from its beginning.
        """
        with self._change:
            self._caller_reads = False
            self._change.notify_all()
        told = 0
        while True:
            self._beside.join(_LOOK_SECONDS)
            done = self._beside.ended
            count = self._beside_bytes
            progress(count - told)
            told = count
            if done:
                return self._beside.result()

    def _beside_advances(self, n_bytes: int) -> None:
        with self._change:
            self._beside_bytes += n_bytes
            self._change.notify_all()
            self._change.wait_for(
                lambda: (
                    self._abandoned or not self._caller_reads or self._beside_bytes <= self._caller_bytes + _AHEAD_BYTES
                )
            )
            if self._abandoned:
                raise GivenUp

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._change:
            self._abandoned = True
            self._change.notify_all()
        self._beside.join()


class Paced(Relay):
    """A monitor that passes everything on, and makes the caller wait if it is ahead of the second thread."""

    def __init__(self, monitor: Monitor, beside: Abreast[Result]) -> None:
        super().__init__(monitor)
        self._beside = beside

    def advance(self, files: int, n_bytes: int) -> None:
        """Pass it on, and wait while ahead."""
        super().advance(files, n_bytes)
        self._beside.advance(n_bytes)
