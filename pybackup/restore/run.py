"""Performing a restoration: directories, then files in parallel, then links, then metadata of directories."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing

from pybackup.archive.same_content import same_content
from pybackup.archive.selection import Choice
from pybackup.errors import FormatError
from pybackup.host.in_order import in_order
from pybackup.host.joined import open_place
from pybackup.host.storage import ArchiveFile
from pybackup.host.workers import bounded_workers, make_executor, surviving
from pybackup.model.entry import Kind
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.verdict import Fate, FileVerdict
from pybackup.monitor import Aside, Monitor, Once, Phase
from pybackup.tree.place import Target

from .files import FileTasks, Task, most_tasks
from .ledger import Ledger
from .lost_found import Search
from .plan import Policy, RestorePlan
from .remains import might_be_partial
from .result import Restored
from .worker import Ground

_SPECIALS = tuple(kind for kind in Kind if kind not in (Kind.FILE, Kind.DIRECTORY, Kind.HARDLINK))
_TITLES = {Policy.WHOLE: "extract", Policy.PARTIAL: "salvage"}
_SEARCH = "search"
_DECODE_WORK = 8  # for a byte of an archive, of which reading and hashing it is 1


def run(plan: RestorePlan, *, executor: Executor | None = None, monitor: Monitor) -> Restored:
    """Restore everything of the plan that is left; each entry that is not in place and whole is a problem.

    Parameters
    ----------
    executor
        Runs the tasks, instead of processes of its own, as many as the plan says.

    Raises
    ------
    NotAnArchive
        Nothing in the image belongs to an archive.
    EnvironmentFailed
        The target cannot be written, or the workers died.
    """
    monitor = Once(monitor)
    heard = _Refusals(monitor)
    with ExitStack() as stack:
        if executor is None:
            tasks = None if plan.policy is Policy.PARTIAL else most_tasks(plan.files, plan.n_bytes)
            executor = stack.enter_context(make_executor(plan.options.workers, tasks=tasks, monitor=heard))
        monitor.begin(_TITLES[plan.policy], plan.files, plan.n_bytes)
        target = stack.enter_context(Target(plan.target, plan.options.place, heard))
        file = stack.enter_context(open_place(plan.archive))
        restorer = _Restorer(plan, file, target, executor, monitor)
        with surviving():
            restorer.run()
        monitor.end()
    for doubt in plan.doubts:
        monitor.problem(doubt)
    if plan.everything and not plan.listing.complete:
        monitor.problem(Problem(b"", Trouble.LOST, plan.listing.incompleteness))
    restored = restorer.result(heard.refused)
    if plan.refusal and restored.nothing:
        raise plan.refusal
    return restored


def phase_of_extract(n_bytes: int) -> Phase:
    """Return the phase for `Monitor.plan` in which archives of so many bytes are extracted."""
    return Phase(_TITLES[Policy.WHOLE], _DECODE_WORK * n_bytes)


def phases_of_salvage(n_bytes: int) -> list[Phase]:
    """Return the phases for `Monitor.plan` in which archives of so many bytes are salvaged."""
    return [Phase(_TITLES[Policy.PARTIAL], _DECODE_WORK * n_bytes), Phase(_SEARCH, n_bytes)]


class _Refusals(Aside):
    """A monitor for a target, which passes everything on, and keeps the problems with entries that were not placed."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self.refused: list[Problem] = []

    def problem(self, problem: Problem) -> None:
        """Keep a problem, and pass it on."""
        if problem.trouble is not Trouble.METADATA:
            self.refused.append(problem)
        super().problem(problem)


class _Restorer:
    """One run: it places entries in the right order, and knows which are in place already."""

    def __init__(
        self, plan: RestorePlan, file: ArchiveFile, target: Target, executor: Executor, monitor: Monitor
    ) -> None:
        self._plan = plan
        self._entries = plan.entries
        self._file = file
        self._target = target
        self._executor = executor
        self._monitor = monitor
        options, is_partial = plan.options, plan.policy is Policy.PARTIAL
        reserved = frozenset(filter(might_be_partial, plan.listing.paths)) if is_partial else frozenset()
        self._ground = Ground(
            plan.archive, plan.target, options.place, plan.policy, reserved, is_partial and options.keep_partial
        )
        self._ledger = Ledger(plan, file.size, monitor)
        self._search = Search(self._ground, file, executor, self._ledger.soundness, monitor) if is_partial else None
        self._files = FileTasks(self._ground, target, executor, self._ledger, self._tell, monitor)
        # A file in place of a directory would replace everything in it, also what this run has restored there.
        self._directories = _directories_of(plan.entries) if target.replaces_directories else frozenset()

    def run(self) -> None:
        """Restore everything of the plan."""
        directories = [stored.entry for stored in self._entries.of(Kind.DIRECTORY)]
        for entry in directories:
            self._target.make_directory(entry)
        self._finish_tasks(self._files.tasks(self._entries.of(Kind.FILE), self._is_settled))
        self._search_unnamed()
        self._target.unplaced.update(self._ledger.lost())
        for stored in self._entries.of(*_SPECIALS):
            if not self._is_settled(stored):
                self._target.place_link(stored.entry)
        self._place_hard_links()
        # Deepest first, in the reverse of tree order, where a directory comes before everything in it.
        for entry in reversed(directories):
            if entry.path not in self._target.unplaced:
                self._target.finish_directory(entry)

    def result(self, refused: Sequence[Problem]) -> Restored:
        """Return the result; ``refused`` are the problems that the target had."""
        return self._ledger.result(refused, self._search.found if self._search else ())

    def _place_hard_links(self) -> None:
        """Make hard links to files that this run has placed or found in place, never to other files in the target."""
        wanted = {stored.entry.target for stored in self._entries.of(Kind.HARDLINK)}
        if not wanted:
            return
        files = self._entries.of(Kind.FILE, *_SPECIALS)
        placed = wanted.intersection(stored.entry.path for stored in files)
        for stored in self._entries.of(Kind.HARDLINK):
            entry = stored.entry
            if entry.target not in placed:
                self._target.unplaced.add(entry.target)
            if (self._is_settled(stored) or self._target.place_link(entry)) and entry.path in wanted:
                placed.add(entry.path)

    def _is_settled(self, stored: Stored) -> bool:
        """Return whether an entry, no directory, needs no placing, or cannot be placed, which is reported then."""
        entry, is_file = stored.entry, stored.entry.kind is Kind.FILE
        if self._is_in_place(stored):
            if is_file:
                self._tell(stored, None)
            return True
        if entry.path in self._directories:
            self._target.refuse(entry, "the archive has a directory of that name, too")
            if is_file:
                self._files.refused(stored)
            return True
        if is_file and stored.fault and not self._ground.is_partial:
            self._tell(stored, FileVerdict.lost(entry, stored.fault))
            return True
        return False

    def _is_in_place(self, stored: Stored) -> bool:
        """Return whether an entry is in place already, mostly from an earlier run, and is left as it is."""
        entry = stored.entry
        if entry.kind is not Kind.FILE:
            return self._target.is_standing(entry)
        fd = self._target.open_standing(entry)
        if fd is None:
            return False
        try:
            return same_content(self._file, stored, fd)
        except (OSError, FormatError):
            return False
        finally:
            os.close(fd)

    def _finish_tasks(self, tasks: Iterator[Task]) -> None:
        """Hand each future's result to the function beside it, in order."""
        with closing(in_order(tasks, 2 * bounded_workers(self._plan.options.workers))) as results:
            for finish, result in results:
                finish(result)

    def _tell(self, stored: Stored, verdict: FileVerdict | None) -> None:
        """Take the verdict on a file, or None for an intact file in place."""
        if self._search is not None:
            self._search.know(stored, is_whole=verdict is None or verdict.fate is Fate.REPAIRED)
        self._ledger.tell(stored, verdict)

    def _search_unnamed(self) -> None:
        """Search for members without a name, if that is wanted and there can be any."""
        if self._search is None:
            return
        # If no entry is missing, anything else was never part of the archive. But if it is not known which bytes are
        # bad, some bytes may be gone altogether, and members may be where no index says.
        if not self._plan.listing.complete or (self._ledger.has_gaps and not self._ledger.soundness.is_proved):
            self._monitor.begin(_SEARCH, 0, self._file.size)
            self._finish_tasks(self._search.tasks())


def _directories_of(entries: Choice) -> frozenset[bytes]:
    """Return the paths of all chosen directories, and of all directories around chosen entries."""
    found = {b""}
    for row in entries.rows:
        path = entries.path(row)
        if entries.kind(row) == Kind.DIRECTORY:
            found.add(path)
        while (path := path.rpartition(b"/")[0]) not in found:
            found.add(path)
    return frozenset(found)
