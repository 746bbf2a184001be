"""Threads: whoever waits for one hears of its end, even of one that ends without a word."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator

import pytest

from pybackup.check.abreast import Abreast
from pybackup.host.in_step import in_step
from pybackup.threads import InThread, in_threads

PATIENCE_SECONDS = 60


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads end before they have begun, as where the interpreter finds no memory for the first call."""
    monkeypatch.setattr(threading.Thread, "run", lambda _: None)


def test_what_work_returned_or_raised() -> None:
    assert InThread(lambda: 3).result() == 3
    failed = InThread(lambda: os.stat("/nowhere at all"))
    with pytest.raises(FileNotFoundError):
        failed.result()
    assert failed.ended
    assert isinstance(failed.failure, FileNotFoundError)


def test_while_it_runs_it_has_not_failed() -> None:
    go = threading.Event()
    work = InThread(lambda: go.wait(PATIENCE_SECONDS))
    assert (work.ended, work.failure) == (False, None)
    go.set()
    assert work.result()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_item_is_worked_on_once(threads: int) -> None:
    done: list[int] = []
    in_threads(done.append, range(100), threads)
    assert sorted(done) == list(range(100))


def test_the_first_failure_is_raised_and_nothing_new_begun() -> None:
    begun = []

    def fail(item: int) -> None:
        begun.append(item)
        raise ValueError(item)

    with pytest.raises(ValueError, match=r"[01]"):
        in_threads(fail, range(100), 2)
    assert len(begun) <= 2


def endless(items: Iterator[object]) -> None:
    for _ in items:
        pass


def test_work_that_runs_out_of_something_has_failed() -> None:
    with pytest.raises(StopIteration):
        in_threads(lambda _: next(iter(())), range(3), 2)


@pytest.mark.usefixtures("dying")
@pytest.mark.parametrize(
    "wait",
    [
        lambda: InThread(int).result(),
        lambda: in_threads(print, range(3), 2),
        lambda: in_step(([n] for n in range(9)), [endless]),
        lambda: Abreast(lambda _: 1).result(lambda _: None),
    ],
    ids=["work", "in_threads", "in_step", "abreast"],
)
def test_an_end_without_a_word_is_an_error_not_a_wait(wait: Callable[[], object]) -> None:
    with pytest.raises(MemoryError):
        wait()


@pytest.mark.usefixtures("dying")
def test_nobody_waits_ahead_of_a_dead_thread() -> None:
    with Abreast(lambda _: 1) as beside:
        beside.advance(1 << 40)
