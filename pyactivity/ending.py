"""The end of a process by a signal: what it would leave behind is removed, one line is said, and nothing else runs.

Ctrl-C as an exception comes between any two instructions: behind the call that made a temporary file and before the
block that would remove it, or in Python's own locks, which are then held for ever. So none is raised. Whoever begins
what must not stay says first what is to be done about it, and that is done in the signal's handler.
"""

import os
import signal
import sys
import time

TYPE_CHECKING = False  # `typing` takes longer to load than all else here, and no signal is heeded before
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from subprocess import Popen
    from types import FrameType, TracebackType
    from typing import Any, Self

INTERRUPTED = 130  # what a shell reports for SIGINT
# Where a duty hangs, as on a drive in a network that is gone, the system ends the process.
_LONGEST_SECONDS = 60
_CHILD_SECONDS = 30
_LOOK_SECONDS = 0.01

_duties: "list[Callable[[], object]]" = []
_held = 0
_came = 0  # the signal that came while it was held
_ends = False


def heed(program: str) -> None:
    """From now on end in order, with status 130, when a signal says so; what is ignored stays so (nohup)."""
    owner = os.getpid()

    def end(number: int, frame: "FrameType | None") -> None:
        global _came, _ends
        if os.getpid() != owner:
            os._exit(128 + number)  # a child that was just forked: it has nothing to clean up, and nothing to say
        if _held and not _ends:
            _came = number
        if _held or _ends:
            return
        _ends = True
        try:
            perform_duties()
            if sys.stderr is not None:
                os.write(sys.stderr.fileno(), f"{program}: interrupted\n".encode())
        finally:
            os._exit(INTERRUPTED)

    for number in heeded():
        signal.signal(number, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def heeded() -> "Iterator[signal.Signals]":
    """The signals that end a process, and are not ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            yield number


def ignore() -> None:
    """Heed no more signals: all is said and done."""
    for number in heeded():
        signal.signal(number, signal.SIG_IGN)


def before_end(duty: "Callable[[], object]", *, last: bool = False) -> None:
    """Have something done when a signal ends the process, before all that was asked for earlier, or behind all.

    It runs between any two instructions of the main thread: it must not wait for a lock that this thread may hold.
    """
    _duties.insert(0 if last else len(_duties), duty)


def settled(duty: "Callable[[], object]") -> None:
    """Take back what was asked for by `before_end`, if it was: it is done."""
    if duty in _duties:
        _duties.remove(duty)


def perform_duties() -> None:
    """Do all that is to be done before the end; what fails is left."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    take_time(_LONGEST_SECONDS)
    for duty in _duties[::-1]:
        try:
            duty()
        except Exception:
            continue


def take_time(seconds: int) -> None:
    """Have the system end the process in so many seconds, if it has not ended by then; 0 for never."""
    signal.alarm(seconds)


class Meanwhile:
    """A ``with`` that has something done as `before_end` does, as long as it lasts."""

    def __init__(self, duty: "Callable[[], object]", *, last: bool = False) -> None:
        self._duty = duty
        self._last = last

    def __enter__(self) -> "Self":
        before_end(self._duty, last=self._last)
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        settled(self._duty)


class Held:
    """A ``with`` at whose end a signal takes effect that came meanwhile.

    So it is with Ctrl-C in a program that uses the library, of which Python makes a `KeyboardInterrupt`.
    """

    def __enter__(self) -> None:
        global _held
        _held += 1
        self._replaces_pythons = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._replaces_pythons:
            try:
                signal.signal(signal.SIGINT, _note)
            except ValueError:
                self._replaces_pythons = False  # it is raised in the main thread, and this is another

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        global _held, _came
        _held -= 1
        if self._replaces_pythons:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if _came and not _held:
            came, _came = _came, 0
            signal.raise_signal(came)


def _note(number: int, frame: "FrameType | None") -> None:
    global _came
    _came = number


class Child:
    """A ``with`` around another program, which ends when the block fails, and with this process.

    The arguments are those of `subprocess.Popen`, which the ``with`` gives.

    end        ends it, where that takes more than a signal
    """

    def __init__(
        self, command: "Sequence[str | bytes]", *, end: "Callable[[Popen[Any]], object] | None" = None, **how: "Any"
    ) -> None:
        self._command = command
        self._end_it = end or _terminate
        self._how = how

    def __enter__(self) -> "Popen[Any]":
        from subprocess import Popen

        process: Popen[Any] | None = None
        try:
            with Held():
                process = self._process = Popen(self._command, **self._how)
                before_end(self._end)
        except BaseException as error:
            if process is not None:
                self.__exit__(type(error), error, error.__traceback__)
            raise
        return process

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        if kind is not None:
            self._end()
        self._process.__exit__(kind, error, trace)
        settled(self._end)

    def _end(self) -> None:
        self._end_it(self._process)


def _terminate(process: "Popen[Any]") -> None:
    process.terminate()
    # What burns a disc tells the drive to stop, which takes a while.
    wait_for([process.pid], _CHILD_SECONDS)


def wait_for(children: "Iterable[int]", seconds: float) -> None:
    """Wait until child processes have ended, each a number; those that have not after so many seconds are killed.

    They stay to be waited for by whoever else does so.
    """
    until = time.monotonic() + seconds
    for child in children:
        try:
            while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG):
                if time.monotonic() > until:
                    os.kill(child, signal.SIGKILL)
                time.sleep(_LOOK_SECONDS)
        except (ChildProcessError, ProcessLookupError):
            continue
