"""Running rsync: its progress and complaints go to the monitor, and how it ended is returned."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyactivity.ending import Child
from pybackup.errors import EnvironmentFailed
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .output import Progress, Totals, parse_complaint, parse_progress, parse_totals, reason_of_end

PARTIAL, VANISHED = 23, 24  # exit statuses of rsync: some files could not be copied, some vanished meanwhile
_CHUNK = 1 << 16
_KEPT_LINES = 40
_LONGEST_LINE = 1 << 16
_LINE_ENDS = re.compile(rb"[\r\n]")
# By exit statuses of rsync; 127 is the shell's, 255 ssh's.
_ADVICE = {
    5: "the daemon refuses: are the module, the user and the password right?",
    10: "does it listen there?",
    12: "is the other end there, and rsync installed on it?",
    127: "a program is missing",
    255: "does ssh get there by hand?",
}


@dataclass(frozen=True, slots=True)
class Transferred:
    """How rsync ended.

    Attributes
    ----------
    status
        0, or that some files were not copied: `PARTIAL` or `VANISHED`.
    """

    status: int
    totals: Totals


def transfer(
    command: Sequence[bytes], title: str, expected: int, monitor: Monitor, *, held: Sequence[int] = ()
) -> Transferred:
    """Run rsync.

    Parameters
    ----------
    expected
        About how many entries there are; 0 if that is not known.
    held
        File descriptors that rsync inherits, and so keeps open as long as it runs.

    Raises
    ------
    EnvironmentFailed
        It gave up; what it said is in the message.
    """
    monitor.begin(title, expected, 0)
    said: deque[bytes] = deque(maxlen=_KEPT_LINES)
    complaints: deque[bytes] = deque(maxlen=_KEPT_LINES)
    course = _Course(monitor)

    def hear(line: bytes) -> None:
        progress = parse_progress(line)
        if progress:
            course.move(progress)
        elif line.strip():
            said.append(line)

    def heed(line: bytes) -> None:
        complaints.append(line)
        problem = parse_complaint(line)
        if problem is not None and problem.trouble is not Trouble.VANISHED:
            monitor.problem(problem)
        elif problem is not None:
            monitor.note(f"{os.fsdecode(problem.path)}: {problem.reason}")

    with Child(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
        pass_fds=tuple(held),
        bufsize=0,
    ) as process:
        _listen(process, hear, heed)
    monitor.end()
    if process.returncode not in (0, PARTIAL, VANISHED):
        raise EnvironmentFailed(_failure(process.returncode, list(complaints)))
    if process.returncode == PARTIAL and not any(map(parse_complaint, complaints)):
        monitor.problem(Problem(b"", Trouble.UNREADABLE, reason_of_end(list(complaints)) or "rsync copied a part"))
    return Transferred(process.returncode, parse_totals(list(said)))


class _Course:
    """Turns rsync's progress, which counts from the beginning, into steps for the monitor."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._last = Progress(0, 0, 0)

    def move(self, now: Progress) -> None:
        entries = max(now.entries, self._last.entries)
        copied = max(now.copied_bytes, self._last.copied_bytes)
        self._monitor.advance(entries - self._last.entries, copied - self._last.copied_bytes)
        self._last = Progress(entries, now.known_entries, copied)


def _listen(process: subprocess.Popen[bytes], hear: Callable[[bytes], None], heed: Callable[[bytes], None]) -> None:
    """Hand on each line of standard output and standard error, as they come, until both are closed."""
    with selectors.DefaultSelector() as selector:
        for stream, take in ((process.stdout, hear), (process.stderr, heed)):
            assert stream is not None
            selector.register(stream, selectors.EVENT_READ, [take, b""])
        while selector.get_map():
            for key, _ in selector.select():
                take, rest = key.data
                chunk = os.read(key.fd, _CHUNK)
                *lines, rest = _LINE_ENDS.split(rest + chunk)
                for line in lines:
                    take(line)
                key.data[1] = rest[-_LONGEST_LINE:]
                if not chunk:
                    take(rest)
                    selector.unregister(key.fileobj)


def _failure(status: int, complaints: list[bytes]) -> str:
    if status < 0:
        return f"rsync was ended by signal {-status}"
    reason, advice = reason_of_end(complaints), _ADVICE.get(status, "")
    if any(b"No space left on device" in line or b"Disk quota exceeded" in line for line in complaints):
        advice = "the target is full: free some space there, or remove a snapshot that is not needed"
    return f"rsync: {reason or 'it said nothing'} (its status {status}){'; ' * bool(advice)}{advice}"
