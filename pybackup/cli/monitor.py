"""What a run has to say: a progress bar on a terminal, problems as they happen and again at the end, notes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Collection
from types import TracebackType
from typing import Any, Self

from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .streams import say
from .text import count, display, printable

REPEATED = 100  # problems named again at the end

_BAR = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix} [{rate_fmt}, {remaining} left]"
_BAR_WITHOUT_TOTAL = "{desc}: {n_fmt}{postfix} [{rate_fmt}, {elapsed}]"
_COLUMNS, _ROWS = 80, 24  # of a terminal that does not say how many it has
_RECENT = 0.3  # weight of the newest measurement in the rate: what it is now, not the mean since the start


class Talk(Monitor):
    """A monitor that talks on standard error.

    Parameters
    ----------
    archive
        What a problem without a path is about.
    quiet
        Say nothing but problems. They are not repeated then: nothing came between them.
    verbose
        Name each entry.
    results
        Kinds of problems that the verb prints as its results, and that are not said here as well.
    can_replace
        The verb has ``--overwrite`` for what exists.
    """

    def __init__(
        self,
        archive: bytes = b"",
        *,
        quiet: bool = False,
        verbose: bool = False,
        results: Collection[Trouble] = (),
        can_replace: bool = False,
    ) -> None:
        super().__init__()
        self.can_replace = can_replace
        self.quiet = quiet
        self._archive = archive
        self._verbose = verbose
        self._results = frozenset(results)
        self._bar: Any = None
        self._files = 0
        self._total_files = 0
        self._in_bytes = True
        self._shows_bar = not quiet and sys.stderr is not None and sys.stderr.isatty()

    def begin(self, title: str, total_files: int, total_bytes: int) -> None:
        """Show a bar; it counts bytes where their number is known, else files."""
        self.end()
        if not self._shows_bar:
            return
        self._files, self._total_files = 0, total_files
        self._in_bytes = bool(total_bytes) or not total_files
        self._bar = _make_bar(title, total_bytes if self._in_bytes else total_files, self._in_bytes)

    def advance(self, files: int, n_bytes: int) -> None:
        """Move the bar on."""
        bar = self._bar
        if bar is None:
            return
        self._files += files
        if self._in_bytes and self._total_files:
            bar.postfix = f"{self._files:,}/{self._total_files:,} files"
        bar.update(n_bytes if self._in_bytes else files)

    def working_on(self, path: bytes) -> None:
        """Name the entry, if that was asked for."""
        if self._verbose:
            self.say(display(path))

    def note(self, text: str) -> None:
        """Say a note, unless quiet."""
        if not self.quiet:
            self.say(f"pybackup: note: {printable(text)}")

    def problem(self, problem: Problem) -> None:
        """Say a problem at once, and remember it."""
        super().problem(problem)
        if problem.trouble not in self._results:
            self.say(f"pybackup: {self._line(problem)}")

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def summary(self, text: str) -> None:
        """Say how it went, unless quiet."""
        if not self.quiet:
            self.say(f"pybackup: {text}")

    def say(self, text: str) -> None:
        """Say a line, above the bar if there is one."""
        if self._bar is None:
            say(text)
            return
        self._bar.clear()
        say(text)
        self._bar.refresh()

    def repeat_problems(self) -> None:
        """Say all problems again, or as many as anybody reads, with their number."""
        self.end()
        said = [problem for problem in self.problems if problem.trouble not in self._results]
        if not said:
            return
        self.say(f"pybackup: {count(len(said), 'problem')}{'' if self.quiet else ':'}")
        if self.quiet:
            return
        for problem in said[:REPEATED]:
            self.say(f"  {self._line(problem)}")
        if len(said) > REPEATED:
            self.say(f"  and {len(said) - REPEATED:,} more, named above")

    def _line(self, problem: Problem) -> str:
        path = problem.path or self._archive
        return f"{display(path)}: {problem.trouble.value}: {printable(problem.reason)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def _make_bar(title: str, total: int, in_bytes: bool) -> Any:
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        """Without tqdm's watching thread and its semaphore between processes: workers are forked while it shows."""

        monitor_interval = 0

    Bar.set_lock(threading.RLock())
    known = all(os.get_terminal_size(sys.stderr.fileno()))  # 0 where the terminal does not know
    return Bar(
        desc=title,
        total=total or None,
        unit="B" if in_bytes else " entries",
        unit_scale=True,
        unit_divisor=1024 if in_bytes else 1000,
        smoothing=_RECENT,
        bar_format=_BAR if total else _BAR_WITHOUT_TOTAL,
        ncols=None if known else _COLUMNS,
        nrows=None if known else _ROWS,
        dynamic_ncols=known,
        leave=False,
        file=sys.stderr,
    )
