"""Restoring by a plan: directories, files in parallel, links, metadata of directories, in this order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pybackup.archive.same_content import same_content
from pybackup.archive.selection import Choice
from pybackup.errors import FormatError
from pybackup.host.in_order import in_order
from pybackup.host.joined import open_place
from pybackup.host.storage import ArchiveFile
from pybackup.host.workers import bounded_workers, make_executor, surviving
from pybackup.model.entry import Entry, Kind
from pybackup.model.extents import Extents
from pybackup.model.member import Member, Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.verdict import Fate, FileVerdict
from pybackup.monitor import Aside, Monitor, Once
from pybackup.tree.place import StagedFile, Target

from .ledger import Ledger
from .lost_found import Search
from .plan import Policy, RestorePlan
from .remains import might_be_partial, names_beside, settle, wanted_of, why_not
from .result import Restored
from .worker import BatchDone, Ground, SegmentDone, restore_batch, restore_segment

_BATCH_BYTES = 4 << 20
_BATCH_FILES = 128
_LEAST_SEGMENT_BYTES = 64 << 10
_SPECIALS = tuple(kind for kind in Kind if kind not in (Kind.FILE, Kind.DIRECTORY, Kind.HARDLINK))
_TITLES = {Policy.WHOLE: "extract", Policy.PARTIAL: "salvage"}

Task = tuple[Callable[[Any], None], Future[Any]]


def run(plan: RestorePlan, *, executor: Executor | None = None, monitor: Monitor) -> Restored:
    """Place everything of the plan that is left; what is not in its place, whole, is a problem.

    Parameters
    ----------
    executor
        Runs that instead of as many processes as the plan says.

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
            tasks = None if plan.policy is Policy.PARTIAL else _most_tasks(plan)
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


def _most_tasks(plan: RestorePlan) -> int:
    """How many tasks it can become: batches, and segments of large files."""
    return 1 + plan.files // _BATCH_FILES + plan.n_bytes // _LEAST_SEGMENT_BYTES


class _Refusals(Aside):
    """Hands on what a target says, and keeps the problems of what it did not place."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self.refused: list[Problem] = []

    def problem(self, problem: Problem) -> None:
        """Keep and hand on a problem."""
        if problem.trouble is not Trouble.METADATA:
            self.refused.append(problem)
        super().problem(problem)


class _Restorer:
    """The state of one run.

    Workers take small files in batches and large ones by segments, several of which share a staged file.
    """

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
        # What is put in place of a directory replaces all in it: what this run restores there must not go.
        self._directories = _directories_of(plan.entries) if target.replaces_directories else frozenset()

    def run(self) -> None:
        """Restore everything of the plan."""
        directories = [stored.entry for stored in self._entries.of(Kind.DIRECTORY)]
        for entry in directories:
            self._target.make_directory(entry)
        self._finish_tasks(self._tasks(self._entries.of(Kind.FILE)))
        self._search_unnamed()
        self._target.unplaced.update(self._ledger.lost())
        for stored in self._entries.of(*_SPECIALS):
            if not self._is_settled(stored):
                self._target.place_link(stored.entry)
        self._place_hard_links()
        # Deepest first: in tree order a directory stands before all that lies in it.
        for entry in reversed(directories):
            if entry.path not in self._target.unplaced:
                self._target.finish_directory(entry)

    def result(self, refused: Sequence[Problem]) -> Restored:
        """Return what came of it; ``refused`` are the target's problems."""
        return self._ledger.result(refused, self._search.found if self._search else ())

    def _place_hard_links(self) -> None:
        """Link to what this run has placed, or found in its place, and to nothing that merely stands in the target."""
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
        """Whether the entry, no directory, need not or cannot be placed; what is to be said of it is said then."""
        entry, is_file = stored.entry, stored.entry.kind is Kind.FILE
        if self._is_in_place(stored):
            if is_file:
                self._tell(stored, None)
            return True
        if entry.path in self._directories:
            self._target.refuse(entry, "the archive has a directory of that name, too")
            if is_file:
                self._unstaged(stored)
            return True
        if is_file and stored.fault and not self._ground.is_partial:
            self._tell(stored, FileVerdict.lost(entry, stored.fault))
            return True
        return False

    def _is_in_place(self, stored: Stored) -> bool:
        """Return whether an entry is in its place already, and stays there: as a rule an earlier run put it there."""
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

    def _tasks(self, files: Iterable[Stored]) -> Iterator[Task]:
        batch: list[Stored] = []
        n_bytes = 0
        for stored in files:
            self._monitor.working_on(stored.entry.path)
            if self._is_settled(stored):
                self._monitor.advance(1, stored.entry.size)
            elif len(stored.members) > 1 and not stored.sparse and not stored.fault:
                yield from self._segments(stored)
            else:
                batch.append(stored)
                n_bytes += stored.entry.size
            if n_bytes >= _BATCH_BYTES or len(batch) >= _BATCH_FILES:
                yield self._batch(batch)
                batch, n_bytes = [], 0
        if batch:
            yield self._batch(batch)

    def _batch(self, batch: Sequence[Stored]) -> Task:
        known = self._ledger.known_of([member for stored in batch for member in (*stored.members, *stored.spares)])
        return partial(self._batch_done, batch), self._executor.submit(restore_batch, self._ground, batch, known)

    def _batch_done(self, batch: Sequence[Stored], done: BatchDone) -> None:
        for note in done.notes:
            self._monitor.note(note)
        for problem in done.problems:
            self._monitor.problem(problem)
        told = {verdict.path: verdict for verdict in done.verdicts}
        for stored in batch:
            self._tell(stored, told.get(stored.entry.path))
        self._monitor.advance(len(batch), sum(stored.entry.size for stored in batch))

    def _segments(self, stored: Stored) -> Iterator[Task]:
        staged = self._target.begin_file(stored.entry)
        if staged is None:
            self._unstaged(stored)
            self._monitor.advance(1, stored.entry.size)
            return
        shared = _Shared(stored, staged, len(stored.members))
        offset = 0
        for member in stored.members:
            arguments = (
                self._ground,
                staged.directory,
                staged.temporary,
                offset,
                member,
                self._ledger.known_of([member]),
            )
            yield partial(self._segment_done, shared, member), self._executor.submit(restore_segment, *arguments)
            offset += member.raw_bytes

    def _segment_done(self, shared: _Shared, member: Member, done: SegmentDone) -> None:
        shared.left -= 1
        shared.done.append(done)
        self._monitor.advance(shared.left == 0, member.raw_bytes)
        if not shared.left:
            self._segments_done(shared.stored, shared.staged, shared.done)

    def _segments_done(self, stored: Stored, staged: StagedFile, segments: Sequence[SegmentDone]) -> None:
        """Commit a file, whole or as the policy has it."""
        entry = stored.entry
        fault = next((segment.fault for segment in segments if segment.fault), "")
        if not fault:
            self._tell(stored, None if staged.commit() else self._refused(entry))
            return
        if not self._ground.is_partial:
            staged.discard()
            self._tell(stored, FileVerdict.lost(entry, fault))
            return
        pairs = zip(stored.members, segments, strict=True)
        wanted = wanted_of([member for member, segment in pairs if segment.fault], self._ledger.soundness.bad)
        present = Extents.of(part for segment in segments for part in segment.present)
        plausible = Extents.of(part for segment in segments for part in segment.plausible)
        spoiled = any(segment.spoiled for segment in segments)
        names = names_beside(entry, self._ground.reserved) if self._ground.keep_partial else None
        self._tell(stored, settle(staged, names, present, plausible, fault, wanted, worthless=spoiled))

    def _unstaged(self, stored: Stored) -> None:
        """Take that a file could not be begun; the target has told the monitor why."""
        self._tell(stored, self._refused(stored.entry))

    def _refused(self, entry: Entry) -> FileVerdict:
        return FileVerdict.unplaced(entry, why_not(entry.path, self._monitor.problems))

    def _tell(self, stored: Stored, verdict: FileVerdict | None) -> None:
        """Take the verdict on a file; None for one that is whole and in its place."""
        if self._search is not None:
            self._search.know(stored, is_whole=verdict is None or verdict.fate is Fate.REPAIRED)
        self._ledger.tell(stored, verdict)

    def _search_unnamed(self) -> None:
        """Look for members that nothing names any more, if that is wanted and there can be any."""
        if self._search is None:
            return
        # With nothing missing, whatever else there is was never part of the archive; but where it is not known which
        # bytes are bad, some may be gone altogether, and members lie where no index says.
        if not self._plan.listing.complete or (self._ledger.has_gaps and not self._ledger.soundness.is_proved):
            self._monitor.begin("search", 0, self._file.size)
            self._finish_tasks(self._search.tasks())


def _directories_of(entries: Choice) -> frozenset[bytes]:
    """The paths of all directories that anything of the choice is, or lies in."""
    found = {b""}
    for row in entries.rows:
        path = entries.path(row)
        if entries.kind(row) == Kind.DIRECTORY:
            found.add(path)
        while (path := path.rpartition(b"/")[0]) not in found:
            found.add(path)
    return frozenset(found)


@dataclass(slots=True)
class _Shared:
    """A file whose segments several tasks decode."""

    stored: Stored
    staged: StagedFile
    left: int
    done: list[SegmentDone] = field(default_factory=list)
