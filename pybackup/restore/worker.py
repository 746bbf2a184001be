"""The tasks of workers during a restoration: placing a batch of files, or one segment of a large file."""

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

# Members up to this size are decoded whole before they are written; longer ones as they are decoded.
_WHOLE_BYTES = 4 << 20
_NOTHING = Extents()


@dataclass(frozen=True, slots=True)
class Ground:
    """What all tasks of a restoration need: the archive, the target and the policy.

    Attributes
    ----------
    reserved
        Paths of entries that partial files must not get.
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
        """Whether what is left of damaged files is wanted."""
        return self.policy is Policy.PARTIAL


@dataclass(frozen=True, slots=True)
class BatchDone:
    """The result of a batch: verdicts on files that were not intact, and what the target reported."""

    verdicts: Sequence[FileVerdict]
    notes: Sequence[str]
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class SegmentDone:
    """The result of one segment of a file.

    Attributes
    ----------
    fault
        What is wrong with it; empty if nothing.
    spoiled
        Whether writing failed, so that nothing of the file may be used.
    present, plausible
        Byte ranges of the file that were written: intact ones, and ones that no checksum has verified.
    """

    fault: str
    present: Extents = _NOTHING
    plausible: Extents = _NOTHING
    spoiled: bool = False


def restore_batch(ground: Ground, batch: Sequence[Stored], soundness: Soundness) -> BatchDone:
    """Restore files: each is checked and placed whole, or what is left of it is placed if the policy is that."""
    monitor = Noted()
    with open_place(ground.archive) as file, Target(ground.target, ground.place, monitor) as target:
        files = _Files(ground, file, target, soundness, monitor)
        verdicts = [verdict for stored in batch if (verdict := files.restore(stored))]
    return BatchDone(verdicts, monitor.notes, monitor.problems)


def restore_segment(
    ground: Ground, directory: bytes, temporary: bytes, offset: int, member: Member, soundness: Soundness
) -> SegmentDone:
    """Write one segment, or its intact parts, into a staged file, at ``offset`` in bytes."""
    try:
        fd = open_staged(ground.target, directory, temporary)
    except (OSError, FormatError) as error:
        return SegmentDone(f"cannot be written: {error}", spoiled=True)
    written: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    try:
        with open_place(ground.archive) as file:
            # If only whole files are wanted, bytes are written unchecked: the file is not used if one is wrong.
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
    """Return, as one text, what is wrong at each place that a file could have been read from."""
    return "; its other copy: ".join(faults)


def _unproved(file: ArchiveFile, member: Member) -> Survivors:
    """Return all of a member; going through its pieces raises as soon as something is wrong."""
    return Survivors("", numbered(decode(file, member)))


class _Files:
    """Restores single files from an open archive into an open target."""

    def __init__(self, ground: Ground, file: ArchiveFile, target: Target, soundness: Soundness, monitor: Noted) -> None:
        self._ground = ground
        self._file = file
        self._target = target
        self._soundness = soundness
        self._monitor = monitor

    def restore(self, stored: Stored) -> FileVerdict | None:
        """Place a file, from the first place where it is intact; return None if that was the very first place."""
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
        """Place a whole file; if it is damaged, raise `FormatError`, and put the damaged member into ``faults``."""
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
        """Yield the content, or for a sparse file its stream; it is intact if iterating ends without an error."""
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
        """Write all intact parts, and commit the file under its own name if it is whole, else under a partial one."""
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
        # Lost segments are nowhere in this image, so repairing its sectors would not bring everything back.
        wanted = _NOTHING if stored.missing else wanted_of(damaged, self._soundness.bad)
        beside = names_beside(entry, self._ground.reserved) if self._ground.keep_partial else None
        return settle(staged, beside, sink.present, sink.plausible, reason, wanted, worthless=not sink.useful)

    def _survivors(self, member: Member, faults: Mapping[Member, str]) -> Survivors:
        """Return what is left of a member; one that is known to be damaged is not decoded again to find that out."""
        if member in faults:
            return Survivors(faults[member], left_of(self._file, member, self._soundness))
        return survivors(self._file, member, self._soundness)

    def _located(self, stored: Stored) -> Iterator[tuple[int, Member]]:
        """Yield each member that is left, with the offset of its content in the file."""
        if not stored.missing:
            offset = 0
            for member in stored.members:
                yield offset, member
                offset += member.raw_bytes
            return
        # All segments but the last have one size; the last one ends where the file does.
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
