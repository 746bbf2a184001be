"""Two processes that cannot misunderstand each other: what is said, what fails and what dies are told apart."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from pybackup.errors import Damaged, EnvironmentFailed
from pybackup.host.second_process import FirstProcess, Message, SecondProcess, second_process


@dataclass(frozen=True, slots=True)
class Said(Message):
    content: object


@contextmanager
def begun(serve: Callable[[FirstProcess], None], task: str) -> Iterator[SecondProcess]:
    with second_process(serve, task) as process:
        assert process
        yield process


def echo(first: FirstProcess) -> None:
    for message in first.messages():
        first.send(message)


def tell_much(process: SecondProcess) -> None:
    for _ in range(1000):
        process.send(Said(bytes(1 << 16)))


# Whatever could be taken for an end, for nothing to say, or for a failure.
@pytest.mark.parametrize("content", [None, 0, b"", "", (), False, -1, EOFError(), Damaged("no failure, but a content")])
def test_a_message_is_a_message_whatever_is_in_it(content: object) -> None:
    with begun(echo, "echoes") as process:
        for _ in range(3):
            process.send(Said(content))
        for _ in range(3):
            said = process.receive()
            assert isinstance(said, Said)
            assert repr(said.content) == repr(content)
        assert not process.has_spoken()


def test_what_it_raises_is_raised_here() -> None:
    def failing(first: FirstProcess) -> None:
        raise Damaged("a.xtar: is damaged")

    with begun(failing, "fails") as process, pytest.raises(Damaged, match=r"^a\.xtar: is damaged$"):
        process.receive()


def test_what_it_raised_is_raised_when_it_is_told_more() -> None:
    """And not the broken pipe, which blames what is being read here."""

    def failing(first: FirstProcess) -> None:
        raise OSError(5, "Input/output error", "a.xtar")

    with begun(failing, "fails") as process, pytest.raises(OSError, match="Input/output error"):
        tell_much(process)


class Unlike(Exception):
    """Cannot be sent."""

    def __init__(self, number: int, callback: Callable[[], None]) -> None:
        super().__init__(f"number {number}")
        self.callback = callback


def test_what_cannot_be_sent_is_told_in_words() -> None:
    def failing(first: FirstProcess) -> None:
        raise Unlike(7, lambda: None)

    with begun(failing, "fails") as process, pytest.raises(EnvironmentFailed, match="Unlike: number 7"):
        process.receive()


@pytest.mark.parametrize("ask", [SecondProcess.receive, tell_much])
def test_its_death_is_told(ask: Callable[[SecondProcess], object]) -> None:
    def dying(first: FirstProcess) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with begun(dying, "counts") as process, pytest.raises(EnvironmentFailed, match="that counts died"):
        ask(process)


def test_it_ends_when_the_first_wants_no_more() -> None:
    with begun(echo, "echoes") as process:
        process.send(Said(1))


def test_there_is_none_where_the_system_lets_none_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    with second_process(echo, "echoes") as process:
        assert process is None
