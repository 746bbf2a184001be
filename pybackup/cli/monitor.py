"""What a run prints on standard error: a progress bar over its phases, notes, and problems, at once and at the end."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from pyactivity.ending import before_end, settled
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Phase

from .bar import COLUMNS, STEPS, Beat, make_bar
from .progress import Course
from .streams import say
from .text import count, display, printable

REPEATED = 100  # the most problems that are repeated at the end

_LEAST_BAR_COLUMNS = 18  # including the percentage
_WIDE_COLUMNS = 72  # from this width on titles are padded to one length, so that the bar does not move
_SECONDS = 0.1  # the shortest time between two drawings


class Talk(Monitor):
    """The monitor that prints on standard error.

    Parameters
    ----------
    archive
        The path to name with problems that have none.
    quiet
        Print nothing but problems. They are not repeated at the end then, as nothing is printed between them.
    verbose
        Print the name of each entry.
    results
        Kinds of problems that the verb itself prints as results, so that they are not printed here.
    can_replace
        Whether the verb has ``--overwrite`` for existing files.
    clock
        Returns the time in seconds, for rates.
    """

    def __init__(
        self,
        archive: bytes = b"",
        *,
        quiet: bool = False,
        verbose: bool = False,
        results: Collection[Trouble] = (),
        can_replace: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.can_replace = can_replace
        self.quiet = quiet
        self._archive = archive
        self._verbose = verbose
        self._results = frozenset(results)
        self._bar: Any = None
        self._lock = threading.RLock()  # the thread `Beat` draws as well
        self._beat: Beat | None = None
        self._clock = clock
        self._course = Course(clock)
        self._drawn_at = 0.0
        self._files = 0
        self._total_files = 0
        self._in_bytes = True
        self._shows_bar = not quiet and sys.stderr is not None and sys.stderr.isatty()

    def plan(self, phases: Sequence[Phase]) -> None:
        """Show one bar over all of these phases."""
        with self._lock:
            self._course.plan(phases)
            self._files = self._total_files = 0
            self._in_bytes = True
            self._show()

    def begin(self, title: str, total_files: int, total_bytes: int) -> None:
        """Begin a phase of the bar; it counts bytes if their number is known, else files."""
        with self._lock:
            self._files, self._total_files = 0, total_files
            self._in_bytes = bool(total_bytes) or not total_files
            self._course.begin(title, total_bytes if self._in_bytes else total_files)
            self._show()

    def advance(self, files: int, n_bytes: int) -> None:
        """Advance the bar."""
        if self._bar is None:
            return
        with self._lock:
            self._files += files
            self._course.advance(n_bytes if self._in_bytes else files)
            if self._clock() - self._drawn_at >= _SECONDS:
                self.draw()

    def working_on(self, path: bytes) -> None:
        """Print the name of the entry, if ``verbose``."""
        if self._verbose:
            self.say(display(path))

    def note(self, text: str) -> None:
        """Print a note, unless quiet."""
        if not self.quiet:
            self.say(f"pybackup: note: {printable(text)}")

    def problem(self, problem: Problem) -> None:
        """Print a problem at once, and remember it."""
        super().problem(problem)
        if problem.trouble not in self._results:
            self.say(f"pybackup: {self._line(problem)}")

    def end(self) -> None:
        """End the phase; after the last one, or if none was begun, remove the bar."""
        with self._lock:
            self._files = self._total_files = 0
            self._in_bytes = True
            if self._course.is_at_work:
                self._course.end()
            else:
                self._course.drop()
            if self._course.is_over:
                self._hide()
            else:
                self.draw()

    def _show(self) -> None:
        if not self._shows_bar:
            return
        if self._bar is None:
            self._bar = make_bar()
        if self._beat is None:
            self._beat = Beat(self.draw)
            with suppress(RuntimeError):  # if no more threads may be started, the bar stands still now and then
                self._beat.start()
        self.draw()

    def draw(self) -> None:
        """Draw the bar in its present state, if there is one."""
        with self._lock:
            if self._bar is None:
                return
            self._drawn_at = self._clock()
            self._bar.n = int(STEPS * self._course.fraction())
            self._bar.desc, self._bar.figures = self._words()
            self._bar.refresh()

    def _words(self) -> tuple[str, str]:
        """Return the title, padded to the longest one, and the longest figures that leave room for the bar."""
        columns = self._bar.format_dict["ncols"] or COLUMNS
        title = f"{self._course.title}:"
        if columns >= _WIDE_COLUMNS:
            title = title.ljust(self._course.longest + 1)
        room = columns - len(title) - _LEAST_BAR_COLUMNS
        figures = self._figures()
        return title, next((said for said in figures if len(said) <= room), figures[-1])

    def _figures(self) -> list[str]:
        """Return texts of decreasing length to show after the bar: about the phase, but the time left is the run's."""
        course = self._course
        speed, left, spent = course.measure()
        unit, divisor = ("B", 1024) if self._in_bytes else (" entries", 1000)

        def shown(number: float) -> str:
            return str(self._bar.format_sizeof(number, divisor=divisor))

        done = f"{shown(course.done)}/{shown(course.total)}" if course.total else shown(course.done)
        files = f" {self._files:,}/{self._total_files:,} files" if self._in_bytes and self._total_files else ""
        rate = "?" if speed is None else shown(speed)
        rest = "?" if left is None else self._bar.format_interval(left)
        times = f"[{self._bar.format_interval(spent)}, {rate}{unit}/s, {rest} left]"
        return [f"{done}{files} {times}", f"{done} {times}", times, f"{rest} left"]

    def _hide(self) -> None:
        if self._bar is not None:
            self._bar.clear()
            self._bar.close()
            self._bar = None

    def finish(self) -> None:
        """Remove the bar, even if phases are left."""
        with self._lock:
            self._course.drop()
            self._hide()

    def summary(self, text: str) -> None:
        """Print the outcome, unless quiet."""
        if not self.quiet:
            self.say(f"pybackup: {text}")

    def say(self, text: str) -> None:
        """Print a line, above the bar if there is one."""
        with self.aside():
            say(text)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Hide the bar within a ``with``, while results are written to the same terminal."""
        with self._lock:
            if self._bar is None:
                yield
                return
            self._bar.clear()
            try:
                yield
            finally:
                self._bar.refresh()

    def repeat_problems(self) -> None:
        """Print the problems again, at most `REPEATED` of them, with their number."""
        self.finish()
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
        before_end(self.finish)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()
        if self._beat is not None:
            self._beat.stop()
        settled(self.finish)
