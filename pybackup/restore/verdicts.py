"""The course of a salvage: what workers bring back becomes verdicts, and what has no name is looked for at the end."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

from pybackup.archive.joined import needed_of
from pybackup.archive.selection import Choice
from pybackup.container.signatures import Known, find_signatures
from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout.sevenzip import StartHeader
from pybackup.model.entry import Entry, Kind
from pybackup.model.extents import Extents
from pybackup.model.member import Member, Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.soundness import Soundness
from pybackup.model.verdict import Fate, FileVerdict, UnnamedFile
from pybackup.monitor import Monitor
from pybackup.tree.place import StagedFile, Target

from .course import Restoration
from .lost_found import Unnamed, rescue_unnamed
from .partial import (
    Ground,
    RescuedBatch,
    Segment,
    rescue_batch,
    rescue_segment,
    settle,
    unplaced,
    wanted_of,
    whole,
    why_not,
)

_BATCH_BYTES = 4 << 20
_BATCH_MEMBERS = 128


class Salvage(Restoration[RescuedBatch, Segment]):
    """The state of one salvage.

    Attributes
    ----------
    told
        Verdicts on all files that are not intact, by path.
    n_bytes, plausible_bytes
        Of files with a name, in place: right ones, and those that no checksum vouches for.
    unnamed
        What was found by signatures only.
    """

    def __init__(
        self,
        ground: Ground,
        entries: Choice,
        target: Target,
        executor: Executor,
        limit: int,
        monitor: Monitor,
        *,
        file: ArchiveFile,
        soundness: Soundness,
        repaired: Extents,
    ) -> None:
        super().__init__(entries, target, executor, limit, monitor)
        self._ground = ground
        self._file = file
        self._soundness = soundness
        self._repaired = repaired
        self._starts, self._ends = array("q"), array("q")
        self.told: dict[bytes, FileVerdict] = {}
        self.n_bytes = 0
        self.plausible_bytes = 0
        self.unnamed: list[UnnamedFile] = []

    def is_settled(self, stored: Stored) -> bool:
        """Take what is in its place already."""
        there = self.is_in_place(self._file, stored)
        if there and stored.entry.kind is Kind.FILE:
            self._tell(stored, None)
        return there or super().is_settled(stored)

    def submit_batch(self, batch: Sequence[Stored]) -> Future[RescuedBatch]:
        """Have files restored."""
        known = self._known_of([member for stored in batch for member in (*stored.members, *stored.spares)])
        return self.executor.submit(rescue_batch, self._ground, batch, known)

    def submit_segment(self, staged: StagedFile, offset: int, member: Member) -> Future[Segment]:
        """Have what is right of a segment written."""
        where = self._ground.where
        arguments = (where, staged.directory, staged.temporary, offset, member, self._known_of([member]))
        return self.executor.submit(rescue_segment, *arguments)

    def unstaged(self, stored: Stored) -> None:
        """Take that the target refused a file."""
        self._tell(stored, self._unplaced(stored.entry))

    def batch_done(self, batch: Sequence[Stored], rescued: RescuedBatch) -> None:
        """Take the verdicts on a batch."""
        self.hand_on(rescued.notes, rescued.problems)
        told = {verdict.path: verdict for verdict in rescued.verdicts}
        for stored in batch:
            self._tell(stored, told.get(stored.entry.path))

    def segments_done(self, stored: Stored, staged: StagedFile, segments: Sequence[Segment]) -> None:
        """Commit a file, whole or beside its name."""
        pairs = list(zip(stored.members, segments, strict=True))
        fault = next((segment.fault for segment in segments if segment.fault), "")
        if not fault:
            self._tell(stored, None if staged.commit() else self._unplaced(stored.entry))
            return
        wanted = wanted_of([member for member, segment in pairs if segment.fault], self._soundness.bad)
        present = Extents.of(part for segment in segments for part in segment.present)
        plausible = Extents.of(part for segment in segments for part in segment.plausible)
        spoiled = any(segment.spoiled for segment in segments)
        self._tell(stored, settle(self._ground, staged, present, plausible, fault, wanted, worthless=spoiled))

    def behind_files(self) -> None:
        """Look for members that nothing names any more, if there can be any."""
        listing = self.entries.listing
        gone = any(told.fate in (Fate.PARTIAL, Fate.LOST) for told in self.told.values())
        # With nothing missing, whatever else there is was never part of the archive; but where it is not known which
        # bytes are bad, some may be gone altogether, and members lie where no index says.
        if not listing.complete or (gone and not self._soundness.is_proved):
            self.monitor.begin("search", 0, self._file.size)
            self.finish_tasks(self._searches())

    def _searches(self) -> Iterator[tuple[Any, Future[Unnamed]]]:
        known = Known(self._starts, self._ends)
        batch: list[int] = []
        n_bytes = 0
        for offset, stream_bytes in bare_members(self._file, known, self.monitor):
            batch.append(offset)
            n_bytes += stream_bytes
            if n_bytes >= _BATCH_BYTES or len(batch) >= _BATCH_MEMBERS:
                yield self._search(batch, n_bytes)
                batch, n_bytes = [], 0
        if batch:
            yield self._search(batch, n_bytes)

    def _search(self, offsets: Sequence[int], n_bytes: int) -> tuple[Any, Future[Unnamed]]:
        start = offsets[0]
        # Each of them ends before all their bytes and those between them do.
        known = self._soundness.within(start, offsets[-1] + n_bytes + (1 << 16))
        return self._found, self.executor.submit(rescue_unnamed, self._ground, offsets, known)

    def _found(self, result: Unnamed) -> None:
        self.hand_on(result.notes, result.problems)
        self.unnamed.extend(result.files)

    def _tell(self, stored: Stored, verdict: FileVerdict | None) -> None:
        """Note the verdict on a file; None for one that is whole and in its place."""
        entry = stored.entry
        back = verdict is None or verdict.fate is Fate.REPAIRED
        for member in (*stored.members, *stored.spares):
            self._starts.append(member.offset)
            # Within a damaged member others may lie: if bytes are gone, all that followed them has moved.
            self._ends.append(member.offset + (member.packed_bytes if back else 1))
        if verdict is None:
            self.n_bytes += entry.size
            if self._repaired and any(map(self._was_repaired, stored.members)):
                self.told[entry.path] = whole(entry, Fate.REPAIRED)
            return
        place = self._ground.where.archive
        if verdict.needed and not isinstance(place, bytes):
            each = [verdict.wanted, *(wanted_of([spare], self._soundness.bad) for spare in stored.spares)]
            needed = " or ".join(needed_of(wanted, place) for wanted in each)
            # Of several volumes no ranges of one image are wanted.
            wanted = verdict.wanted.moved(place[0].offset - place[0].address) if len(place) == 1 else Extents()
            verdict = replace(verdict, wanted=wanted, needed=needed)
        self.told[entry.path] = verdict
        if back:
            self.n_bytes += entry.size
            return
        self.lost.add(entry.path)
        if verdict.placed_as:
            self.n_bytes += verdict.present.n_bytes
            self.plausible_bytes += verdict.plausible.n_bytes
        if verdict.needed:  # else the target has said why
            trouble = Trouble.DAMAGED if verdict.fate is Fate.PARTIAL else Trouble.LOST
            self.monitor.problem(Problem(entry.path, trouble, f"{verdict.reason}; needed: {verdict.needed}"))

    def _unplaced(self, entry: Entry) -> FileVerdict:
        return unplaced(entry, why_not(entry.path, self.monitor.problems))

    def _was_repaired(self, member: Member) -> bool:
        # What is bad still was never repaired: its file was in place already.
        repaired = self._repaired.within(member.offset, member.offset + member.packed_bytes)
        return bool(repaired) and not self._known_of([member]).bad

    def _known_of(self, members: Sequence[Member]) -> Soundness:
        """What is known of the bytes of these members: a task need not carry all there is."""
        if not members:
            return Soundness()
        start = min(member.offset for member in members)
        return self._soundness.within(start, max(member.offset + member.packed_bytes for member in members))


def bare_members(
    file: ArchiveFile, known: Known | None = None, monitor: Monitor | None = None
) -> Iterator[tuple[int, int]]:
    """Yield offset and length of the streams of ``.7z`` files that no known member accounts for, their start whole."""
    monitor = monitor or Monitor()
    # Honest ones overlap nowhere; hostile ones might have every byte read a million times.
    left = 2 * file.size
    for offset, start in find_signatures(
        file, known or Known((), ()), progress=lambda n_bytes: monitor.advance(0, n_bytes)
    ):
        try:
            frame = StartHeader.unpack(start)
        except FormatError:
            continue
        left -= frame.stream_bytes
        if left < 0:
            return
        yield offset, frame.stream_bytes
