"""Several consumers of one iterator at once, each of which takes its own column of every row."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from pybackup.threads import InThread

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_ROWS_AHEAD = 2
_LOOK_SECONDS = 0.05


class Abandoned(Exception):
    """What a consumer gets instead of its next item, when the rows or another consumer failed."""


class _Consumer(Generic[_Item, _Result]):
    """A thread that runs one consumer."""

    def __init__(self, consume: Callable[[Iterator[_Item]], _Result]) -> None:
        self._consume = consume
        # Items are in tuples: an empty one is the end, None a failure elsewhere.
        self._items: queue.Queue[tuple[_Item, ...] | None] = queue.Queue(_ROWS_AHEAD)
        self._work = InThread(self._run)

    def give(self, message: tuple[_Item, ...] | None) -> None:
        """Hand on an item; to one that has ended nothing."""
        while not self._work.ended:
            try:
                self._items.put(message, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return

    def result(self) -> _Result:
        """Wait for the end."""
        return self._work.result()

    @property
    def failure(self) -> BaseException | None:
        """What ended it before its time."""
        return self._work.failure

    def join(self) -> None:
        """Wait for the end, whatever it is."""
        self._work.join()

    def _run(self) -> _Result:
        return self._consume(self._received())

    def _received(self) -> Iterator[_Item]:
        while True:
            message = self._items.get()
            if message is None:
                raise Abandoned
            if not message:
                return
            yield message[0]


def in_step(
    rows: Iterable[Sequence[_Item]], consumers: Sequence[Callable[[Iterator[_Item]], _Result]]
) -> list[_Result]:
    """Run all consumers at once, each in a thread of its own, and return their results.

    Parameters
    ----------
    rows
        Each has one item for each consumer. It is iterated in the thread of the caller, a few rows ahead.
    consumers
        Each is given the iterator of its items. It gets `Abandoned` from it when all is in vain.

    Raises
    ------
    BaseException
        Whatever the rows or the first of the consumers raised; all of these have ended then.
    """
    running = [_Consumer(consume) for consume in consumers]
    try:
        for row in rows:
            for consumer, item in zip(running, row, strict=True):
                consumer.give((item,))
            if any(consumer.failure for consumer in running):
                break
        else:
            for consumer in running:
                consumer.give(())
            for consumer in running:
                consumer.join()
    finally:
        for consumer in running:
            consumer.give(None)
        for consumer in running:
            consumer.join()
    for consumer in running:
        if consumer.failure and not isinstance(consumer.failure, Abandoned):
            raise consumer.failure
    return [consumer.result() for consumer in running]
