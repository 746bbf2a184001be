"""Restoring files as tasks for workers: small files in batches, large ones segment by segment into a staged file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pybackup.model.entry import Entry
from pybackup.model.extents import Extents
from pybackup.model.member import Member, Stored
from pybackup.model.verdict import FileVerdict
from pybackup.monitor import Monitor
from pybackup.tree.place import StagedFile, Target

from .ledger import Ledger
from .remains import names_beside, settle, wanted_of, why_not
from .worker import BatchDone, Ground, SegmentDone, restore_batch, restore_segment

_BATCH_BYTES = 4 << 20
_BATCH_FILES = 128
_LEAST_SEGMENT_BYTES = 64 << 10

Task = tuple[Callable[[Any], None], Future[Any]]
"""What takes the result, and the future that has it."""


def most_tasks(files: int, n_bytes: int) -> int:
    """Return how many tasks so many files of so many bytes can become: batches, and segments of large files."""
    return 1 + files // _BATCH_FILES + n_bytes // _LEAST_SEGMENT_BYTES


class FileTasks:
    """Makes tasks of files, and takes their results.

    Parameters
    ----------
    tell
        Called with the verdict on each file, or None for an intact file that is in place.
    """

    def __init__(
        self,
        ground: Ground,
        target: Target,
        executor: Executor,
        ledger: Ledger,
        tell: Callable[[Stored, FileVerdict | None], None],
        monitor: Monitor,
    ) -> None:
        self._ground = ground
        self._target = target
        self._executor = executor
        self._ledger = ledger
        self._tell = tell
        self._monitor = monitor

    def tasks(self, files: Iterable[Stored], is_settled: Callable[[Stored], bool]) -> Iterator[Task]:
        """Yield a task for each batch of files and each segment of a large one.

        Parameters
        ----------
        is_settled
            Returns whether nothing has to be done for a file, and reports it if it cannot be restored.
        """
        batch: list[Stored] = []
        n_bytes = 0
        for stored in files:
            self._monitor.working_on(stored.entry.path)
            if is_settled(stored):
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
            self.refused(stored)
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
        """Commit a file whose segments are all done: whole, or in part if the policy is that."""
        entry = stored.entry
        fault = next((segment.fault for segment in segments if segment.fault), "")
        if not fault:
            self._tell(stored, None if staged.commit() else self._unplaced(entry))
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

    def refused(self, stored: Stored) -> None:
        """Note that a file could not be begun; the target has told the monitor why."""
        self._tell(stored, self._unplaced(stored.entry))

    def _unplaced(self, entry: Entry) -> FileVerdict:
        return FileVerdict.unplaced(entry, why_not(entry.path, self._monitor.problems))


@dataclass(slots=True)
class _Shared:
    """A file whose segments are decoded by several tasks, of which ``left`` are not done yet."""

    stored: Stored
    staged: StagedFile
    left: int
    done: list[SegmentDone] = field(default_factory=list)
