"""Members that nothing names any more: decoded by their own headers, and placed in ``lost+found``."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any

from pybackup.compress.bare import BareMember, decode_bare, read_bare
from pybackup.compress.bare_bundle import is_bundle, read_bundle
from pybackup.compress.partial import Fragments, left_of, numbered, proved
from pybackup.container.signatures import Known, bare_members
from pybackup.errors import FormatError
from pybackup.host.joined import open_place
from pybackup.host.storage import ArchiveFile
from pybackup.model.entry import Entry, Kind
from pybackup.model.extents import Extents
from pybackup.model.member import STREAM_OFFSET, Stored
from pybackup.model.problem import Problem
from pybackup.model.soundness import Soundness
from pybackup.model.verdict import Fate, UnnamedFile
from pybackup.monitor import Monitor, Noted
from pybackup.tree.place import Overwrite, Target

from .sinks import PlainSink
from .worker import Ground

_PATH = b"lost+found/%012d-%s"
_LONGEST_NAME = 200
_BATCH_BYTES = 4 << 20
_BATCH_MEMBERS = 128


class Search:
    """The search for members that no index and no header names; those that are known are left out.

    Attributes
    ----------
    found
        What became of those that were found.
    """

    def __init__(
        self, ground: Ground, file: ArchiveFile, executor: Executor, soundness: Soundness, monitor: Monitor
    ) -> None:
        self._ground = ground
        self._file = file
        self._executor = executor
        self._soundness = soundness
        self._monitor = monitor
        self._starts, self._ends = array("q"), array("q")
        self.found: list[UnnamedFile] = []

    def know(self, stored: Stored, *, is_whole: bool) -> None:
        """Take note of where the members of a file lie, so that they are not searched."""
        for member in (*stored.members, *stored.spares):
            for offset in (member.offset, *member.others):
                self._starts.append(offset)
                # Within a damaged member others may lie: if bytes are gone, all that followed them has moved.
                self._ends.append(offset + (max(member.packed_bytes, 1) if is_whole else 1))

    def tasks(self) -> Iterator[tuple[Any, Future[Unnamed]]]:
        """Yield, for each task, the function that takes its result, and the future that has it."""
        known = Known(self._starts, self._ends)
        batch: list[int | BareMember] = []
        n_bytes = 0
        progress = partial(self._monitor.advance, 0)
        for offset, stream_bytes in bare_members(self._file, known, progress=progress):
            found = self._files_at(offset, stream_bytes, known)
            if not found:
                continue  # a bundle of which all files have names
            batch += found
            n_bytes += stream_bytes
            if n_bytes >= _BATCH_BYTES or len(batch) >= _BATCH_MEMBERS:
                yield self._task(batch, n_bytes)
                batch, n_bytes = [], 0
        if batch:
            yield self._task(batch, n_bytes)

    def _files_at(self, offset: int, stream_bytes: int, known: Known) -> Sequence[int | BareMember]:
        """What to salvage of the ``.7z`` at ``offset``: itself, or those files of a bundle that are not known."""
        if not is_bundle(self._file, offset, stream_bytes):
            return [offset]
        end = offset + STREAM_OFFSET + stream_bytes
        try:
            files = read_bundle(self._file, offset)
        except FormatError:
            # By its index or its notes, then; or by nothing.
            return [] if known.begin_within(offset, end) else [offset]
        return [file for file in files if not known.begin_within(file.member.offset, file.member.offset + 1)]

    def _task(self, batch: Sequence[int | BareMember], n_bytes: int) -> tuple[Any, Future[Unnamed]]:
        # Each of them ends before all their bytes and those between them do.
        known = self._soundness.within(_offset(batch[0]), _offset(batch[-1]) + n_bytes + (1 << 16))
        return self._done, self._executor.submit(salvage_unnamed, self._ground, batch, known)

    def _done(self, result: Unnamed) -> None:
        for note in result.notes:
            self._monitor.note(note)
        for problem in result.problems:
            self._monitor.problem(problem)
        self.found.extend(result.files)


@dataclass(frozen=True, slots=True)
class Unnamed:
    """What came of the members that one task looked at, and what the target said."""

    files: Sequence[UnnamedFile]
    notes: Sequence[str]
    problems: Sequence[Problem]


def salvage_unnamed(ground: Ground, batch: Sequence[int | BareMember], soundness: Soundness) -> Unnamed:
    """Decode the ``.7z`` at each of some offsets, and files of bundles, and place the contents in ``lost+found``."""
    monitor = Noted()
    # Their names are made up, and only free ones are taken; whose they were is not known.
    options = replace(ground.place, overwrite=Overwrite.ALWAYS, owner=False)
    with (
        open_place(ground.archive) as file,
        Target(ground.target, options, monitor) as target,
    ):
        files = [_salvage(file, target, each, soundness, ground.keep_partial, monitor) for each in batch]
    return Unnamed(files, monitor.notes, monitor.problems)


def _salvage(
    file: ArchiveFile,
    target: Target,
    place: int | BareMember,
    soundness: Soundness,
    keep_partial: bool,
    monitor: Monitor,
) -> UnnamedFile:
    offset = _offset(place)
    try:
        bare = place if isinstance(place, BareMember) else read_bare(file, place)
    except FormatError as error:
        return UnnamedFile(offset, b"", Fate.LOST, 0, Extents(), str(error))
    size = bare.member.raw_bytes
    found = UnnamedFile(offset, bare.name, Fate.INTACT, size, Extents())
    try:
        pieces: Fragments = numbered(proved(lambda: decode_bare(file, bare), size))
    except FormatError as error:
        found = replace(found, fate=Fate.PARTIAL, reason=str(error))
        pieces = left_of(file, bare.member, soundness)
    try:
        return _place(target, found, _entry(bare, offset), pieces, keep_partial, monitor)
    except FormatError as error:
        return replace(found, fate=Fate.LOST, reason=str(error))


def _offset(place: int | BareMember) -> int:
    return place.member.offset if isinstance(place, BareMember) else place


def _entry(bare: BareMember, offset: int) -> Entry:
    name = bare.name.replace(b"/", b"_").replace(b"\0", b"_")[:_LONGEST_NAME]
    return Entry(_PATH % (offset, name), Kind.FILE, bare.mode, mtime_ns=bare.mtime_ns, size=bare.member.raw_bytes)


def _place(
    target: Target, found: UnnamedFile, entry: Entry, pieces: Fragments, keep_partial: bool, monitor: Monitor
) -> UnnamedFile:
    staged = target.begin_file(entry)
    if staged is None:
        return replace(found, fate=Fate.LOST, reason=monitor.problems[-1].reason)
    with staged:
        sink = PlainSink(staged)
        if not all(map(sink.put, pieces)):
            return replace(found, fate=Fate.LOST, reason=monitor.problems[-1].reason)
        is_whole = found.fate is Fate.INTACT
        if not is_whole and not sink.useful:
            return replace(found, fate=Fate.LOST)
        found = replace(found, present=sink.present, plausible=sink.plausible)
        if not is_whole and not keep_partial:
            return found
        placed_as = staged.commit_beside(_names(entry.name if is_whole else entry.name + b".partial"))
    if placed_as is None:
        return replace(found, fate=Fate.LOST, reason=monitor.problems[-1].reason)
    return replace(found, placed_as=entry.parent + b"/" + placed_as)


def _names(name: bytes) -> Iterator[bytes]:
    for number in count():
        yield name + b"~%d" % number if number else name
