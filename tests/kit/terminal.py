"""The command line at a terminal, with somebody who answers."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

from .command import COMMAND


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def at_terminal(
    *arguments: str | Path,
    answers: list[str],
    before: Callable[[int], None] = lambda number: None,
    mark: bytes | re.Pattern[bytes] = b"go on without it): ",
) -> tuple[int, str]:
    """Run the command line at a terminal, answering each question in turn; return its status and all that was shown.

    ``before`` is called with the number of each question, from 0, before it is answered; ``mark`` is what
    questions end with, and nothing else that is shown.
    """
    ends = mark if isinstance(mark, re.Pattern) else re.compile(re.escape(mark))
    master, slave = pty.openpty()
    command = [*COMMAND, *arguments]
    # The terminal is the one of the process, so that what it makes of Ctrl-C arrives.
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=_take_terminal
    )
    os.close(slave)
    shown = b""
    left = list(answers)
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:  # as a terminal says that nobody is left at its other end
            break
        if not data:
            break
        shown += data
        if left and len(ends.findall(shown)) > len(answers) - len(left):
            before(len(answers) - len(left))
            os.write(master, os.fsencode(left.pop(0)) + b"\n")
    os.close(master)
    return process.wait(), shown.decode(errors="replace")
