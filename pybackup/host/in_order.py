"""Tasks under way: results in the order of submission, only so many at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_order(tasks: Iterable[tuple[Task, Future[Result]]], limit: int) -> Generator[tuple[Task, Result], None, None]:
    """Yield each task with its result; ``tasks`` submits when it is advanced, ``limit`` ahead at most."""
    waiting: deque[tuple[Task, Future[Result]]] = deque()
    try:
        for task in tasks:
            waiting.append(task)
            if len(waiting) >= limit:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        for _, future in waiting:
            future.cancel()
