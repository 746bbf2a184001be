"""The only outlet of the library: progress and problems go to a monitor, never to a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.model.problem import Problem


@dataclass(frozen=True, slots=True)
class Phase:
    """A stage that is going to begin.

    Attributes
    ----------
    title
        As `Monitor.begin` will tell it.
    work
        About how long it takes, as the number of bytes that are read and hashed in that time.
    """

    title: str
    work: float


class Monitor:
    """Receives what a job has to say; this one collects problems and is silent.

    Subclass it and override what you want to show. All methods are called from the
    thread that runs the job.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def plan(self, phases: Sequence[Phase]) -> None:
        """These stages lie ahead, in this order; some may not come, and others between them. One at work is over."""

    def begin(self, title: str, total_files: int, total_bytes: int) -> None:
        """A stage begins; totals are 0 where unknown."""

    def advance(self, files: int, n_bytes: int) -> None:
        """So many more files and bytes are done."""

    def working_on(self, path: bytes) -> None:
        """The entry at hand."""

    def note(self, text: str) -> None:
        """Something worth knowing that is no problem."""

    def problem(self, problem: Problem) -> None:
        """One file is hurt; the run goes on and its exit status remembers."""
        self.problems.append(problem)

    def end(self) -> None:
        """The stage that began last is over."""


class Noted(Monitor):
    """Keeps the notes, too, for another process to hand on."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Keep it."""
        self.notes.append(text)


class Relay(Monitor):
    """Hands on all that is said to another monitor, whose problems are its own."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__()
        self._monitor = monitor
        self.problems = monitor.problems

    def plan(self, phases: Sequence[Phase]) -> None:
        """Hand it on."""
        self._monitor.plan(phases)

    def begin(self, title: str, total_files: int, total_bytes: int) -> None:
        """Hand it on."""
        self._monitor.begin(title, total_files, total_bytes)

    def advance(self, files: int, n_bytes: int) -> None:
        """Hand it on."""
        self._monitor.advance(files, n_bytes)

    def working_on(self, path: bytes) -> None:
        """Hand it on."""
        self._monitor.working_on(path)

    def note(self, text: str) -> None:
        """Hand it on."""
        self._monitor.note(text)

    def problem(self, problem: Problem) -> None:
        """Hand it on."""
        self._monitor.problem(problem)

    def end(self) -> None:
        """Hand it on."""
        self._monitor.end()


class Silent(Relay):
    """Shows the progress and says nothing: for a look at what has been told, or is the caller's to tell."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self.problems = []

    def note(self, text: str) -> None:
        """Say nothing."""

    def problem(self, problem: Problem) -> None:
        """Keep it for the caller."""
        self.problems.append(problem)


class Once(Relay):
    """Hands on each note once: several processes, or stages, may come upon the same."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self._told: set[str] = set()

    def note(self, text: str) -> None:
        """Hand on what was not said before."""
        if text not in self._told:
            self._told.add(text)
            self._monitor.note(text)


class Aside(Relay):
    """Hands on what is said and shows no progress: for a stage within another's."""

    def plan(self, phases: Sequence[Phase]) -> None:
        """Show nothing."""

    def begin(self, title: str, total_files: int, total_bytes: int) -> None:
        """Show nothing."""

    def advance(self, files: int, n_bytes: int) -> None:
        """Show nothing."""

    def working_on(self, path: bytes) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""
