"""What workers of a salvage run: what is left of members put in place, whole files under their names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from pybackup.compress.partial import Survivors, survivors
from pybackup.container.read import segment_numbers
from pybackup.errors import FormatError
from pybackup.host.beneath import MAX_NAME_BYTES
from pybackup.host.joined import open_place
from pybackup.host.staging import write_at
from pybackup.host.storage import ArchiveFile, environment
from pybackup.layout.sevenzip import STREAM_OFFSET
from pybackup.model.entry import Entry
from pybackup.model.extents import Extents
from pybackup.model.member import Member, Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.soundness import Soundness
from pybackup.model.verdict import Fate, FileVerdict, sectors_of
from pybackup.monitor import Monitor, Noted
from pybackup.tree.place import StagedFile, Target, open_staged

from .sinks import PlainSink, SparseSink
from .whole import Discarding, Where

# Up to this a whole file is written in one go, with nothing staged.
_WHOLE_BYTES = 4 << 20
_PARTIAL = re.compile(rb"\.partial(~\d+)?\Z")


@dataclass(frozen=True, slots=True)
class Ground:
    """What all tasks of a salvage have in common.

    Attributes
    ----------
    reserved
        Paths of the archive that a partial file might be given.
    keep_partial
        Whether partial files are placed.
    """

    where: Where
    reserved: frozenset[bytes]
    keep_partial: bool


@dataclass(frozen=True, slots=True)
class RescuedBatch:
    """What came of a batch: verdicts on the files that were damaged, and what the target said."""

    verdicts: Sequence[FileVerdict]
    notes: Sequence[str]
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class Segment:
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
    present: Extents = Extents()  # noqa: RUF009 - a frozen value
    plausible: Extents = Extents()  # noqa: RUF009 - a frozen value
    spoiled: bool = False


def might_be_partial(path: bytes) -> bool:
    """Whether a partial file might be given this path."""
    return _PARTIAL.search(path) is not None


def rescue_batch(ground: Ground, batch: Sequence[Stored], soundness: Soundness) -> RescuedBatch:
    """Restore files, each whole under its name, or what is right of it beside."""
    monitor = Noted()
    where = ground.where
    with open_place(where.archive) as file, Target(where.target, where.options, monitor) as target:
        rescue = _Rescue(ground, file, target, soundness, monitor)
        verdicts = [verdict for stored in batch if (verdict := rescue.file(stored))]
    return RescuedBatch(verdicts, monitor.notes, monitor.problems)


def rescue_segment(
    where: Where, directory: bytes, temporary: bytes, offset: int, member: Member, soundness: Soundness
) -> Segment:
    """Write what is right of one segment into a staged file, the segment's content at ``offset``."""
    try:
        fd = open_staged(where.target, directory, temporary)
    except (OSError, FormatError) as error:
        return Segment(f"cannot be written: {error}", spoiled=True)
    written: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    try:
        with open_place(where.archive) as file:
            found = survivors(file, member, soundness)
            for at, data, proved in found.pieces:
                with environment(where.target):
                    write_at(fd, offset + at, data)
                written[proved].append((offset + at, offset + at + len(data)))
    except FormatError as error:
        return Segment(str(error), spoiled=True)
    finally:
        os.close(fd)
    return Segment(found.fault, Extents.of(written[True]), Extents.of(written[False]))


def settle(
    ground: Ground,
    staged: StagedFile,
    present: Extents,
    plausible: Extents,
    reason: str,
    wanted: Extents,
    *,
    worthless: bool = False,
) -> FileVerdict:
    """Commit a file that is not whole beside its name, or discard it where nothing of it is left."""
    entry = staged.entry
    if worthless or not (present or plausible):
        staged.discard()
        return lost(entry, reason, wanted)
    placed_as = None
    if ground.keep_partial:
        placed_as = staged.commit_beside(_partial_names(entry, ground.reserved))
        if placed_as is None:
            return lost(entry, f"{reason}; what is left of it could not be placed", wanted)
    staged.discard()
    path = entry.path[: len(entry.path) - len(entry.name)] + placed_as if placed_as else None
    needed = sectors_of(wanted)
    return FileVerdict(entry.path, Fate.PARTIAL, entry.size, present, reason, wanted, needed, path, plausible)


def whole(entry: Entry, fate: Fate) -> FileVerdict:
    """The verdict on a file that is back."""
    return FileVerdict(entry.path, fate, entry.size, Extents.of(((0, entry.size),)), placed_as=entry.path)


def lost(entry: Entry, reason: str, wanted: Extents) -> FileVerdict:
    """The verdict on a file of which nothing is in place."""
    return FileVerdict(entry.path, Fate.LOST, entry.size, Extents(), reason, wanted, sectors_of(wanted))


def unplaced(entry: Entry, reason: str) -> FileVerdict:
    """The verdict on a file that the target did not take."""
    return FileVerdict(entry.path, Fate.UNPLACED, entry.size, Extents(), reason)


def why_not(path: bytes, problems: Sequence[Problem]) -> str:
    """Say why the target did not take a file, given the problems it has told so far."""
    if not problems or problems[-1].path != path:
        return "it could not be written"
    last = problems[-1]
    return f"another file is in the way: {last.reason}" if last.trouble is Trouble.EXISTS else last.reason


def wanted_of(members: Iterable[Member], bad: Extents) -> Extents:
    """Which bytes of the image would bring damaged members back."""
    streams = [(member.offset + STREAM_OFFSET, member.offset + member.packed_bytes) for member in members]
    known = Extents.of(part for low, high in streams for part in bad.within(low, high))
    return known or Extents.of(streams)


def _partial_names(entry: Entry, reserved: frozenset[bytes]) -> Iterator[bytes]:
    directory = entry.path[: len(entry.path) - len(entry.name)]
    for number in count():
        suffix = b".partial~%d" % number if number else b".partial"
        name = entry.name[: MAX_NAME_BYTES - len(suffix)] + suffix
        if directory + name not in reserved:
            yield name


class _Rescue:
    """An open image and an open target."""

    def __init__(
        self, ground: Ground, file: ArchiveFile, target: Target, soundness: Soundness, monitor: Monitor
    ) -> None:
        self._ground = ground
        self._image = file
        self._target = target
        self._soundness = soundness
        self._monitor = monitor

    def file(self, stored: Stored) -> FileVerdict | None:
        """Place a file; None if it is whole and in its place, and so is what it came from."""
        spared = self._spared(stored)
        if spared is None:
            return self._file(stored)
        return self._file(spared) or whole(stored.entry, Fate.REPAIRED)

    def _spared(self, stored: Stored) -> Stored | None:
        """The entry as it is in a second copy, where that is whole and the first place is not."""
        if not stored.spares or not self._fault(stored):
            return None
        others = (replace(stored, members=(spare,), spares=()) for spare in stored.spares)
        return next((each for each in others if not self._fault(each)), None)

    def _fault(self, stored: Stored) -> str:
        return survivors(self._image, stored.members[0], self._soundness).fault

    def _file(self, stored: Stored) -> FileVerdict | None:
        if stored.fault and not stored.missing:
            return lost(stored.entry, stored.fault, Extents())
        parts = self._parts(stored)
        if len(stored.members) == 1 and not stored.sparse and not stored.fault and stored.entry.size <= _WHOLE_BYTES:
            parts = list(parts)
            found = parts[0][2]
            if not found.fault:
                data = b"".join(fragment.data for fragment in found.pieces)
                return None if self._target.write_file(stored.entry, data) else self._unplaced(stored.entry)
        staged = self._target.begin_file(stored.entry)
        if staged is None:
            return self._unplaced(stored.entry)
        with Discarding(staged):
            return self._fill(stored, staged, parts)

    def _parts(self, stored: Stored) -> Iterable[tuple[int, Member, Survivors]]:
        """Where each member that is left lies in the content, and what is right of it."""
        for offset, member in self._located(stored):
            yield offset, member, survivors(self._image, member, self._soundness)

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
            numbers = stored.numbers or segment_numbers(self._image, stored.members)
        except (FormatError, OSError):
            return
        for number, member in zip(numbers, stored.members, strict=True):
            if number < last:
                yield number * member.raw_bytes, member
            elif last * (unit := stored.members[0].raw_bytes) and numbers[0] < last:
                yield last * unit, member
            elif not stored.sparse:
                yield stored.entry.size - member.raw_bytes, member

    def _fill(
        self, stored: Stored, staged: StagedFile, parts: Iterable[tuple[int, Member, Survivors]]
    ) -> FileVerdict | None:
        """Write all that is right, and commit under the name that it deserves."""
        entry, reason, damaged = stored.entry, stored.fault, []
        sink: PlainSink | SparseSink = SparseSink(staged) if stored.sparse else PlainSink(staged)
        try:
            for offset, member, found in parts:
                for fragment in found.pieces:
                    if not sink.put(fragment._replace(offset=offset + fragment.offset)):
                        return self._unplaced(entry)
                if found.fault:
                    damaged.append(member)
                    reason = reason or found.fault
            sink.finish(whole=not reason)
        except FormatError as error:
            return lost(entry, str(error), wanted_of(stored.members, self._soundness.bad))
        if not reason:
            return None if staged.commit() else self._unplaced(entry)
        # Segments that are gone are nowhere in this image; then its sectors are not all that is wanted.
        wanted = Extents() if stored.missing else wanted_of(damaged, self._soundness.bad)
        return settle(self._ground, staged, sink.present, sink.plausible, reason, wanted, worthless=not sink.useful)

    def _unplaced(self, entry: Entry) -> FileVerdict:
        return unplaced(entry, why_not(entry.path, self._monitor.problems))
