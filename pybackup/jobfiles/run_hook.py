"""Running a hook: in a session of its own, for a limited time, keeping the beginning and the end of its output."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

from pyactivity.ending import Child

from .hooks import Hook

SKIP = 75
"""The status by which a hook before a run says that it is not the time for it (EX_TEMPFAIL)."""

_KEPT_BYTES = 32 << 10
_GRACE_SECONDS = 5.0
_STEP_SECONDS = 0.2
_NOT_FOUND, _NOT_RUN = 127, 126


@dataclass(frozen=True, slots=True)
class HookRun:
    """The result of running a hook.

    Attributes
    ----------
    command
        The command, as a text for people.
    status
        The exit status as a shell gives it: 128 plus the signal that ended it, 127 if there is no such program.
    output
        What it printed; if that is long, without the middle.
    failure
        Why it failed; empty if it did not.
    """

    command: str
    moment: str
    status: int
    output: str
    failure: str
    seconds: float


def run_hook(hook: Hook, values: Mapping[str, str], environment: Mapping[str, str]) -> HookRun:
    """Run a hook, and return the result, which also tells of failures.

    Parameters
    ----------
    values
        Replace ``{job}``, ``{status}``, ``{report}``, ``{file}`` in arguments of a program, but not in text for a
        shell, where names could do harm.
    environment
        Variables beside those of this process.
    """
    argv = [_filled(part, values) for part in hook.argv]
    command = ["/bin/sh", "-c", hook.argv[0]] if hook.shell else [os.path.expanduser(argv[0]), *argv[1:]]
    shown = hook.argv[0] if hook.shell else " ".join(argv)
    moment, start = hook.moment, time.monotonic()
    with ExitStack() as stack:
        try:
            process = stack.enter_context(
                Child(
                    command,
                    end=_end,
                    env={**os.environ, **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
        except (OSError, ValueError) as error:
            status = _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_RUN
            why = getattr(error, "strerror", None) or str(error)
            return HookRun(shown, moment, status, "", f"{command[0]}: {why}", 0.0)
        output, is_late = _followed(process, hook.limit_seconds)
    number = process.returncode
    status = number if number >= 0 else 128 - number
    return HookRun(shown, moment, status, output, _failure(status, number, is_late, hook), time.monotonic() - start)


def _filled(part: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        part = part.replace(f"{{{name}}}", value)
    return part


def _failure(status: int, number: int, is_late: bool, hook: Hook) -> str:
    if is_late:
        return f"ended after its time limit of {hook.limit_seconds} s"
    if number < 0:
        return f"ended by {signal.Signals(-number).name}"
    return f"exit status {status}" if status else ""


def _followed(process: subprocess.Popen[bytes], limit: int | None) -> tuple[str, bool]:
    """Read the output of a process until it ends; return that, and whether the process had to be killed.

    What the process has left running in the background may keep its output open; this does not wait for that.
    """
    assert process.stdout is not None
    kept, end = _Kept(), time.monotonic() + limit if limit else None
    os.set_blocking(process.stdout.fileno(), False)
    is_late = False
    with selectors.DefaultSelector() as selector, process.stdout as stream:
        selector.register(stream, selectors.EVENT_READ)
        is_open = True
        while process.poll() is None:
            if end is not None and time.monotonic() >= end:
                is_late = True
                _end(process)
                break
            if is_open and selector.select(_STEP_SECONDS):
                is_open = kept.read(stream)
            elif not is_open:
                _wait(process, _STEP_SECONDS)
        while is_open and selector.select(0) and kept.read(stream):
            pass
    process.wait()
    return kept.text, is_late


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it has started: first by SIGTERM, then by SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except OSError:
            return
        _wait(process, _GRACE_SECONDS)
        if process.poll() is not None and number == signal.SIGKILL:
            return


class _Kept:
    """Keeps the beginning and the end of what is read."""

    def __init__(self) -> None:
        self._head, self._tail, self._left_out = bytearray(), bytearray(), 0

    def read(self, stream: IO[bytes]) -> bool:
        """Read what is available; return False at the end."""
        try:
            data = os.read(stream.fileno(), 1 << 16)
        except BlockingIOError:
            return True
        room = max(0, _KEPT_BYTES - len(self._head))
        self._head += data[:room]
        self._tail += data[room:]
        over = max(0, len(self._tail) - _KEPT_BYTES)
        self._left_out += over
        del self._tail[:over]
        return bool(data)

    @property
    def text(self) -> str:
        """What was kept."""
        cut = b"\n[%d bytes left out]\n" % self._left_out if self._left_out else b""
        return bytes(self._head + cut + self._tail).decode("utf-8", "backslashreplace")
