"""What workers of a restoration run: a batch of files, or one segment of a large file, placed by the policy."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pybackup.compress.partial import Fragment, Survivors, left_of, numbered, survivors
from pybackup.compress.unpack import decode
from pybackup.container.read import segment_numbers
from pybackup.errors import FormatError
from pybackup.host.environment import environment
from pybackup.host.joined import Place, open_place
from pybackup.host.storage import ArchiveFile
from pybackup.host.write_at import write_at
from pybackup.model.entry import Entry
from pybackup.model.extents import Extents
from pybackup.model.member import Member, Stored
from pybackup.model.problem import Problem
from pybackup.model.soundness import Soundness
from pybackup.model.verdict import Fate, FileVerdict
from pybackup.monitor import Noted
from pybackup.tree.place import PlaceOptions, StagedFile, Target, open_staged

from .plan import Policy
from .remains import names_beside, settle, wanted_of, why_not
from .sinks import sink_for

# What is decoded at once before it is written; longer members are written as they are decoded.
_WHOLE_BYTES = 4 << 20
_NOTHING = Extents()


@dataclass(frozen=True, slots=True)
class Ground:
    """What all tasks of a restoration are given: the archive, the target and the policy.

    Attributes
    ----------
    reserved
        Paths of the archive that a partial file might be given.
    keep_partial
        Whether partial files are placed.
    """

    archive: Place
    target: bytes
    place: PlaceOptions
    policy: Policy = Policy.WHOLE
    reserved: frozenset[bytes] = frozenset()
    keep_partial: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether what is left of a file that is not whole is wanted."""
        return self.policy is Policy.PARTIAL


@dataclass(frozen=True, slots=True)
class BatchDone:
    """What came of a batch: verdicts on the files that were not intact, and what the target said."""

    verdicts: Sequence[FileVerdict]
    notes: Sequence[str]
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class SegmentDone:
    """What came of one segment of a file.

    Attributes
    ----------
    fault
        What is wrong with it, empty if nothing.
    spoiled
        It could not be written as a whole: nothing of the file may be used.
    present, plausible
        Byte ranges of the file that are written: right, or by nothing known to be.
    """

    fault: str
    present: Extents = _NOTHING
    plausible: Extents = _NOTHING
    spoiled: bool = False


def restore_batch(ground: Ground, batch: Sequence[Stored], soundness: Soundness) -> BatchDone:
    """Restore files, each whole under its name and checked before, or what is left of it as the policy has it."""
    monitor = Noted()
    with open_place(ground.archive) as file, Target(ground.target, ground.place, monitor) as target:
        files = _Files(ground, file, target, soundness, monitor)
        verdicts = [verdict for stored in batch if (verdict := files.restore(stored))]
    return BatchDone(verdicts, monitor.notes, monitor.problems)


def restore_segment(
    ground: Ground, directory: bytes, temporary: bytes, offset: int, member: Member, soundness: Soundness
) -> SegmentDone:
    """Write one segment, or what is right of it, into a staged file, the segment's content at ``offset``."""
    try:
        fd = open_staged(ground.target, directory, temporary)
    except (OSError, FormatError) as error:
        return SegmentDone(f"cannot be written: {error}", spoiled=True)
    written: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    try:
        with open_place(ground.archive) as file:
            # Where nothing but the whole will do, what turns out to be wrong behind may be written meanwhile.
            found = survivors(file, member, soundness) if ground.is_partial else _unproved(file, member)
            for at, data, proved in found.pieces:
                with environment(ground.target):
                    write_at(fd, offset + at, data)
                written[proved].append((offset + at, offset + at + len(data)))
    except FormatError as error:
        return SegmentDone(str(error), spoiled=True)
    finally:
        os.close(fd)
    return SegmentDone(found.fault, Extents.of(written[True]), Extents.of(written[False]))


def said_of_all(faults: Sequence[str]) -> str:
    """Say what is wrong with each place that a file could have come from."""
    return "; its other copy: ".join(faults)


def _unproved(file: ArchiveFile, member: Member) -> Survivors:
    """All of a member, as long as nothing is wrong with it: going through the pieces raises then."""
    return Survivors("", numbered(decode(file, member)))


class _Files:
    """An open archive and an open target."""

    def __init__(self, ground: Ground, file: ArchiveFile, target: Target, soundness: Soundness, monitor: Noted) -> None:
        self._ground = ground
        self._file = file
        self._target = target
        self._soundness = soundness
        self._monitor = monitor

    def restore(self, stored: Stored) -> FileVerdict | None:
        """Place a file, from the first place where it is whole; None if that is the first, and it is in its place."""
        said: list[str] = []
        faults: dict[Member, str] = {}
        for place in () if stored.fault else stored.places:
            try:
                is_placed = self._place(place, faults)
            except FormatError as error:
                said.append(str(error))
                continue
            if not is_placed:
                return self._unplaced(stored.entry)
            return FileVerdict.whole(stored.entry, Fate.REPAIRED) if said else None
        if not self._ground.is_partial:
            return FileVerdict.lost(stored.entry, said_of_all(said) or stored.fault)
        return self._place_what_is_left(stored, faults)

    def _place(self, stored: Stored, faults: dict[Member, str]) -> bool:
        """Place a file whole; raises `FormatError` where it is not, and ``faults`` gets the member to blame."""
        pieces = self._pieces(stored, faults)
        if not stored.sparse and stored.entry.size <= _WHOLE_BYTES:
            return self._target.write_file(stored.entry, b"".join(piece.data for piece in pieces))
        staged = self._target.begin_file(stored.entry)
        if staged is None:
            return False
        with staged:
            sink = sink_for(staged, sparse=stored.sparse)
            if not all(map(sink.put, pieces)):
                return False
            sink.finish(whole=True)
            return staged.commit()

    def _pieces(self, stored: Stored, faults: dict[Member, str]) -> Iterator[Fragment]:
        """The content, or for a sparse file the stream of it; right if the iteration ends without an error."""
        offset = 0
        for member in stored.members:
            try:
                for data in decode(self._file, member):
                    yield Fragment(offset, data)
                    offset += len(data)
            except FormatError as error:
                faults[member] = str(error)
                raise

    def _place_what_is_left(self, stored: Stored, faults: Mapping[Member, str]) -> FileVerdict | None:
        if stored.fault and not stored.missing:
            return FileVerdict.lost(stored.entry, stored.fault, _NOTHING)
        staged = self._target.begin_file(stored.entry)
        if staged is None:
            return self._unplaced(stored.entry)
        with staged:
            return self._fill(stored, staged, faults)

    def _fill(self, stored: Stored, staged: StagedFile, faults: Mapping[Member, str]) -> FileVerdict | None:
        """Write all that is right, and commit under the name that it deserves."""
        entry, reason, damaged = stored.entry, stored.fault, []
        sink = sink_for(staged, sparse=stored.sparse)
        try:
            for offset, member in self._located(stored):
                found = self._survivors(member, faults)
                for piece in found.pieces:
                    if not sink.put(piece._replace(offset=offset + piece.offset)):
                        return self._unplaced(entry)
                if found.fault:
                    damaged.append(member)
                    reason = reason or found.fault
            sink.finish(whole=not reason)
        except FormatError as error:
            return FileVerdict.lost(entry, str(error), wanted_of(stored.members, self._soundness.bad))
        if not reason:
            return None if staged.commit() else self._unplaced(entry)
        # Segments that are gone are nowhere in this image; then its sectors are not all that is wanted.
        wanted = _NOTHING if stored.missing else wanted_of(damaged, self._soundness.bad)
        beside = names_beside(entry, self._ground.reserved) if self._ground.keep_partial else None
        return settle(staged, beside, sink.present, sink.plausible, reason, wanted, worthless=not sink.useful)

    def _survivors(self, member: Member, faults: Mapping[Member, str]) -> Survivors:
        """What is left of a member, which is not decoded again to see that it is damaged."""
        if member in faults:
            return Survivors(faults[member], left_of(self._file, member, self._soundness))
        return survivors(self._file, member, self._soundness)

    def _located(self, stored: Stored) -> Iterator[tuple[int, Member]]:
        """Where in the content each member belongs that is left of it."""
        if not stored.missing:
            offset = 0
            for member in stored.members:
                yield offset, member
                offset += member.raw_bytes
            return
        # All segments but the last are of one size; the last ends where the file does.
        last = stored.segments - 1
        try:
            numbers = stored.numbers or segment_numbers(self._file, stored.members)
        except (FormatError, OSError):
            return
        for number, member in zip(numbers, stored.members, strict=True):
            if number < last:
                yield number * member.raw_bytes, member
            elif last * (unit := stored.members[0].raw_bytes) and numbers[0] < last:
                yield last * unit, member
            elif not stored.sparse:
                yield stored.entry.size - member.raw_bytes, member

    def _unplaced(self, entry: Entry) -> FileVerdict:
        return FileVerdict.unplaced(entry, why_not(entry.path, self._monitor.problems))
