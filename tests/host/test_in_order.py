"""Tasks under way: in order whatever ends first, never too many, and none left when the reader goes away."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import closing

import pytest

from pybackup.host.in_order import in_order


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
@pytest.mark.parametrize("count", [0, 1, 6, 7, 8])
def test_results_come_as_submitted_and_few_are_ahead(count: int, limit: int) -> None:
    futures: list[Future[int]] = []

    def submit() -> Iterator[tuple[int, Future[int]]]:
        for number in range(count):
            futures.append(Future())
            # The last to be submitted ends first.
            if len(futures) % limit == 0 or len(futures) == count:
                for index in range(len(futures) - 1, -1, -1):
                    if not futures[index].done():
                        futures[index].set_result(index * index)
            yield number, futures[-1]

    most = 0
    for done, (task, result) in enumerate(in_order(submit(), limit)):
        assert (task, result) == (done, done * done)
        most = max(most, len(futures) - done)
    assert len(futures) == count
    assert most <= limit


def test_what_a_task_raises_comes_in_its_turn_and_the_others_are_cancelled() -> None:
    tasks: list[tuple[str, Future[int]]] = [(name, Future()) for name in "abc"]
    tasks[0][1].set_result(1)
    tasks[1][1].set_exception(OSError("disk full"))
    results = in_order(iter(tasks), 3)
    assert next(results) == ("a", 1)
    with pytest.raises(OSError, match="disk full"):
        next(results)
    assert tasks[2][1].cancelled()


def test_a_reader_that_leaves_cancels_what_is_under_way() -> None:
    tasks: list[tuple[int, Future[int]]] = [(number, Future()) for number in range(5)]
    tasks[0][1].set_result(0)
    with closing(in_order(iter(tasks), 3)) as results:
        next(results)
    assert [future.cancelled() for _, future in tasks] == [False, True, True, False, False]


def test_a_source_that_fails_cancels_what_it_submitted() -> None:
    future: Future[int] = Future()

    def submit() -> Iterator[tuple[int, Future[int]]]:
        yield 0, future
        raise OSError("medium")

    with pytest.raises(OSError, match="medium"):
        list(in_order(submit(), 3))
    with pytest.raises(CancelledError):
        future.result(0)


def test_with_an_executor() -> None:
    with ThreadPoolExecutor(3) as pool:
        tasks = ((number, pool.submit(pow, number, 2)) for number in range(200))
        assert list(in_order(tasks, 5)) == [(number, number**2) for number in range(200)]
