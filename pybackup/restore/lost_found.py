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
from pybackup.compress.partial import Fragments, left_of, numbered, proved
from pybackup.container.signatures import Known, bare_members
from pybackup.errors import FormatError
from pybackup.host.joined import open_place
from pybackup.host.storage import ArchiveFile
from pybackup.model.entry import Entry, Kind
from pybackup.model.extents import Extents
from pybackup.model.member import Stored
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
    """The search for members that nothing names, behind those that are known.

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
        """Take where the members of a file lie."""
        for member in (*stored.members, *stored.spares):
            self._starts.append(member.offset)
            # Within a damaged member others may lie: if bytes are gone, all that followed them has moved.
            self._ends.append(member.offset + (member.packed_bytes if is_whole else 1))

    def tasks(self) -> Iterator[tuple[Any, Future[Unnamed]]]:
        """Yield what takes the result of each task, and its future."""
        known = Known(self._starts, self._ends)
        batch: list[int] = []
        n_bytes = 0
        progress = partial(self._monitor.advance, 0)
        for offset, stream_bytes in bare_members(self._file, known, progress=progress):
            batch.append(offset)
            n_bytes += stream_bytes
            if n_bytes >= _BATCH_BYTES or len(batch) >= _BATCH_MEMBERS:
                yield self._task(batch, n_bytes)
                batch, n_bytes = [], 0
        if batch:
            yield self._task(batch, n_bytes)

    def _task(self, offsets: Sequence[int], n_bytes: int) -> tuple[Any, Future[Unnamed]]:
        # Each of them ends before all their bytes and those between them do.
        known = self._soundness.within(offsets[0], offsets[-1] + n_bytes + (1 << 16))
        return self._done, self._executor.submit(rescue_unnamed, self._ground, offsets, known)

    def _done(self, result: Unnamed) -> None:
        for note in result.notes:
            self._monitor.note(note)
        for problem in result.problems:
            self._monitor.problem(problem)
        self.found.extend(result.files)


@dataclass(frozen=True, slots=True)
class Unnamed:
    """What came of bare signatures, and what the target said."""

    files: Sequence[UnnamedFile]
    notes: Sequence[str]
    problems: Sequence[Problem]


def rescue_unnamed(ground: Ground, offsets: Sequence[int], soundness: Soundness) -> Unnamed:
    """Decode the ``.7z`` at each of ``offsets`` by its own headers, and place the contents in ``lost+found``."""
    monitor = Noted()
    # Their names are made up, and only free ones are taken; whose they were is not known.
    options = replace(ground.place, overwrite=Overwrite.ALWAYS, owner=False)
    with (
        open_place(ground.archive) as file,
        Target(ground.target, options, monitor) as target,
    ):
        files = [_rescue(file, target, offset, soundness, ground.keep_partial, monitor) for offset in offsets]
    return Unnamed(files, monitor.notes, monitor.problems)


def _rescue(
    file: ArchiveFile, target: Target, offset: int, soundness: Soundness, keep_partial: bool, monitor: Monitor
) -> UnnamedFile:
    try:
        bare = read_bare(file, offset)
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
