"""Members that nothing names any more: decoded by their own headers, and placed in ``lost+found``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from pybackup.compress.bare import BareMember, decode_bare, read_bare
from pybackup.compress.partial import Fragments, left_of, numbered, proved
from pybackup.errors import FormatError
from pybackup.host.joined import open_place
from pybackup.host.storage import ArchiveFile
from pybackup.model.entry import Entry, Kind
from pybackup.model.extents import Extents
from pybackup.model.problem import Problem
from pybackup.model.soundness import Soundness
from pybackup.model.verdict import Fate, UnnamedFile
from pybackup.monitor import Monitor, Noted
from pybackup.tree.place import Overwrite, Target

from .partial import Ground
from .sinks import PlainSink
from .whole import Discarding

_PATH = b"lost+found/%012d-%s"
_LONGEST_NAME = 200


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
    options = replace(ground.where.options, overwrite=Overwrite.ALWAYS, owner=False)
    with (
        open_place(ground.where.archive) as file,
        Target(ground.where.target, options, monitor) as target,
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
    with Discarding(staged):
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
