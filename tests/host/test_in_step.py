"""Consumers in step: each gets its column; what fails ends all."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pybackup.host.in_step import Abandoned, in_step


def rows(count: int) -> Iterator[tuple[int, int]]:
    for number in range(count):
        yield number, -number


@pytest.mark.parametrize("count", [0, 1, 50])
def test_each_gets_its_column(count: int) -> None:
    assert in_step(rows(count), [sum, lambda items: len(list(items))]) == [sum(range(count)), count]


def test_no_consumers_need_no_rows() -> None:
    assert in_step(iter([(), ()]), []) == []


def test_one_that_ends_early_does_not_stop_the_others() -> None:
    assert in_step(rows(50), [next, lambda items: len(list(items))]) == [0, 50]


def test_what_a_consumer_raises_ends_the_others() -> None:
    seen: list[str] = []

    def fails(items: Iterator[int]) -> int:
        for item in items:
            if item == -7:
                raise OSError("disk full")
        return 0

    def goes_on(items: Iterator[int]) -> int:
        try:
            return len(list(items))
        except Abandoned:
            seen.append("abandoned")
            raise

    endless = (pair for _ in iter(int, 1) for pair in rows(8))
    with pytest.raises(OSError, match="disk full"):
        in_step(endless, [goes_on, fails])
    assert seen == ["abandoned"]


def test_what_the_rows_raise_ends_all() -> None:
    seen: list[str] = []

    def broken() -> Iterator[tuple[int]]:
        yield (1,)
        raise OSError("unreadable")

    def consume(items: Iterator[int]) -> None:
        try:
            list(items)
        except Abandoned:
            seen.append("abandoned")
            raise

    with pytest.raises(OSError, match="unreadable"):
        in_step(broken(), [consume])
    assert seen == ["abandoned"]


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    in_step(rows(5), [sum, sum])
    assert threading.active_count() == before
