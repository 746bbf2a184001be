"""A second process that does part of the work, and a pipe to it on which every message says what it is.

Nothing that is said on the pipe has a meaning by being empty, None or a number: each message is an object of a class of
its own, made of `Message`. That the other has ended is told by the end of the pipe, and by that alone.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from pybackup.errors import EnvironmentFailed

from .workers import default_workers


class Message:
    """What two processes say to each other: the base of a class for each thing that is said."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Failed(Message):
    """The second process raised this."""

    error: Exception


class SecondProcess:
    """The second process, as the first one sees it; made by `second_process`.

    Raises
    ------
    Exception
        What the second process raised.
    EnvironmentFailed
        It died.
    """

    def __init__(self, pipe: Connection, task: str) -> None:
        self._pipe = pipe
        self._task = task

    def send(self, message: Message) -> None:
        """Tell it something; what it failed of before is raised instead."""
        try:
            self._pipe.send(message)
        except BrokenPipeError:
            # What it said last, before it ended, is still there.
            while True:
                self.receive()

    def receive(self) -> Message:
        """Wait for what it says next."""
        try:
            said = self._pipe.recv()
        except (EOFError, ConnectionResetError) as error:
            raise EnvironmentFailed(f"the process that {self._task} died, perhaps for lack of memory") from error
        if isinstance(said, _Failed):
            raise said.error
        assert isinstance(said, Message)
        return said

    def has_spoken(self) -> bool:
        """Whether `receive` need not wait."""
        return self._pipe.poll()


class FirstProcess:
    """The first process, as the second one sees it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def send(self, message: Message) -> None:
        """Tell it something."""
        self._pipe.send(message)

    def messages(self) -> Iterator[Message]:
        """Yield what it says, until it wants no more."""
        while True:
            try:
                said = self._pipe.recv()
            except EOFError:
                return
            assert isinstance(said, Message)
            yield said


def is_worth_it() -> bool:
    """Whether a second process can be started as a copy of this one, and has a processor to run on."""
    return "fork" in multiprocessing.get_all_start_methods() and default_workers() > 1


@contextmanager
def second_process(serve: Callable[[FirstProcess], None], task: str) -> Iterator[SecondProcess | None]:
    """Run ``serve`` in a second process, which has all that this one has, and ends with the block.

    Yields None where the system lets no further process start: it only makes things faster.

    Parameters
    ----------
    task
        What it does, as the message says it if it dies: ``copies``.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(serve, ours, theirs), daemon=True)
    try:
        process.start()
    except OSError:
        ours.close()
        theirs.close()
        yield None
        return
    try:
        theirs.close()
        yield SecondProcess(ours, task)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _run(serve: Callable[[FirstProcess], None], ours: Connection, pipe: Connection) -> None:
    """In the second process: serve, and say what that raises."""
    ours.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(BrokenPipeError):
        try:
            serve(FirstProcess(pipe))
        except BrokenPipeError:
            raise
        except Exception as error:
            pipe.send(_Failed(_portable(error)))
    os._exit(0)


def _portable(error: Exception) -> Exception:
    """Return an error as it can be sent."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return EnvironmentFailed(f"{type(error).__name__}: {error}")
    return error
