"""Restoring a choice of entries: directories, files in parallel, links, metadata of directories, in this order."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from pybackup.archive.same_content import same_content
from pybackup.archive.selection import Choice
from pybackup.errors import FormatError
from pybackup.host.in_order import in_order
from pybackup.host.storage import ArchiveFile
from pybackup.model.entry import Kind
from pybackup.model.member import Member, Stored
from pybackup.model.problem import Problem
from pybackup.monitor import Monitor
from pybackup.tree.place import StagedFile, Target

_BATCH_BYTES = 4 << 20
_BATCH_FILES = 128
_LEAST_SEGMENT_BYTES = 64 << 10
_SPECIALS = tuple(kind for kind in Kind if kind not in (Kind.FILE, Kind.DIRECTORY, Kind.HARDLINK))

OfBatch = TypeVar("OfBatch")
OfSegment = TypeVar("OfSegment")
_Task = tuple[Callable[[Any], None], Future[Any]]


def most_tasks(files: int, n_bytes: int) -> int:
    """Return how many tasks so many files of so many bytes can become: batches, and segments of large files."""
    return 1 + files // _BATCH_FILES + n_bytes // _LEAST_SEGMENT_BYTES


class Restoration(ABC, Generic[OfBatch, OfSegment]):
    """The state of one run; what becomes of a file is for the subclass to say.

    Workers take small files in batches and large ones by segments, several of which share a staged file.

    Attributes
    ----------
    lost
        Paths of the files that are not in their place.
    """

    def __init__(self, entries: Choice, target: Target, executor: Executor, limit: int, monitor: Monitor) -> None:
        self.entries = entries
        self.target = target
        self.executor = executor
        self.limit = limit
        self.monitor = monitor
        self.lost: set[bytes] = set()
        # What is put in place of a directory replaces all in it: what this run restores there must not go.
        self._directories = _directories_of(entries) if target.replaces_directories else frozenset()

    @abstractmethod
    def submit_batch(self, batch: Sequence[Stored]) -> Future[OfBatch]:
        """Have files restored."""

    @abstractmethod
    def submit_segment(self, staged: StagedFile, offset: int, member: Member) -> Future[OfSegment]:
        """Have one segment written at ``offset`` bytes of its file."""

    @abstractmethod
    def batch_done(self, batch: Sequence[Stored], result: OfBatch) -> None:
        """Take what became of a batch."""

    @abstractmethod
    def segments_done(self, stored: Stored, staged: StagedFile, results: Sequence[OfSegment]) -> None:
        """Finish a file all of whose segments are done, ``results`` in their order."""

    @abstractmethod
    def unstaged(self, stored: Stored) -> None:
        """Take that the file could not be begun; the target has told the monitor why."""

    def is_settled(self, stored: Stored) -> bool:
        """Whether the entry, no directory, need not or cannot be placed; whoever says so has dealt with it."""
        if stored.entry.path not in self._directories:
            return False
        self.target.refuse(stored.entry, "the archive has a directory of that name, too")
        if stored.entry.kind is Kind.FILE:
            self.unstaged(stored)
        return True

    def hand_on(self, notes: Iterable[str], problems: Iterable[Problem]) -> None:
        """Tell what workers have heard."""
        for note in notes:
            self.monitor.note(note)
        for problem in problems:
            self.monitor.problem(problem)

    def behind_files(self) -> None:
        """Do what has its place between files and links."""

    def run(self) -> None:
        """Restore everything of the choice."""
        directories = [stored.entry for stored in self.entries.of(Kind.DIRECTORY)]
        for entry in directories:
            self.target.make_directory(entry)
        self.finish_tasks(self._tasks(self.entries.of(Kind.FILE)))
        self.behind_files()
        self.target.unplaced.update(self.lost)
        for stored in self.entries.of(*_SPECIALS):
            if not self.is_settled(stored):
                self.target.place_link(stored.entry)
        self._place_hard_links()
        # Deepest first: in tree order a directory stands before all that lies in it.
        for entry in reversed(directories):
            if entry.path not in self.target.unplaced:
                self.target.finish_directory(entry)

    def _place_hard_links(self) -> None:
        """Link to what this run has placed, or found in its place, and to nothing that merely stands in the target."""
        wanted = {stored.entry.target for stored in self.entries.of(Kind.HARDLINK)}
        if not wanted:
            return
        files = self.entries.of(Kind.FILE, *_SPECIALS)
        placed = wanted.intersection(stored.entry.path for stored in files)
        for stored in self.entries.of(Kind.HARDLINK):
            entry = stored.entry
            if entry.target not in placed:
                self.target.unplaced.add(entry.target)
            if (self.is_settled(stored) or self.target.place_link(entry)) and entry.path in wanted:
                placed.add(entry.path)

    def is_in_place(self, file: ArchiveFile, stored: Stored) -> bool:
        """Return whether an entry is in its place already, and stays there: as a rule an earlier run put it there."""
        entry = stored.entry
        if entry.kind is not Kind.FILE:
            return self.target.is_standing(entry)
        fd = self.target.open_standing(entry)
        if fd is None:
            return False
        try:
            return same_content(file, stored, fd)
        except (OSError, FormatError):
            return False
        finally:
            os.close(fd)

    def finish_tasks(self, tasks: Iterator[_Task]) -> None:
        """Hand each future's result to the function beside it, in order."""
        with closing(in_order(tasks, self.limit)) as results:
            for finish, result in results:
                finish(result)

    def _tasks(self, files: Iterable[Stored]) -> Iterator[_Task]:
        batch: list[Stored] = []
        n_bytes = 0
        for stored in files:
            self.monitor.working_on(stored.entry.path)
            if self.is_settled(stored):
                self.monitor.advance(1, stored.entry.size)
            elif len(stored.members) > 1 and not stored.sparse and not stored.fault:
                yield from self._segments(stored)
            else:
                batch.append(stored)
                n_bytes += stored.entry.size
            if n_bytes >= _BATCH_BYTES or len(batch) >= _BATCH_FILES:
                yield partial(self._batch_done, batch), self.submit_batch(batch)
                batch, n_bytes = [], 0
        if batch:
            yield partial(self._batch_done, batch), self.submit_batch(batch)

    def _segments(self, stored: Stored) -> Iterator[_Task]:
        staged = self.target.begin_file(stored.entry)
        if staged is None:
            self.unstaged(stored)
            self.monitor.advance(1, stored.entry.size)
            return
        shared = _Shared(stored, staged, len(stored.members))
        offset = 0
        for member in stored.members:
            yield partial(self._segment_done, shared, member), self.submit_segment(staged, offset, member)
            offset += member.raw_bytes

    def _batch_done(self, batch: Sequence[Stored], result: OfBatch) -> None:
        self.batch_done(batch, result)
        self.monitor.advance(len(batch), sum(stored.entry.size for stored in batch))

    def _segment_done(self, shared: _Shared, member: Member, result: OfSegment) -> None:
        shared.left -= 1
        shared.results.append(result)
        self.monitor.advance(shared.left == 0, member.raw_bytes)
        if not shared.left:
            self.segments_done(shared.stored, shared.staged, shared.results)


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
    results: list[Any] = field(default_factory=list)
