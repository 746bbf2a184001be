"""Comparing an archive with a live tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pybackup.archive.open import open_archive
from pybackup.archive.same_content import same_live_content
from pybackup.errors import FormatError, UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.model.display import display
from pybackup.model.entry import Entry, Kind
from pybackup.model.listing import Listing
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Planned, Source
from pybackup.monitor import Monitor
from pybackup.selection.times import same_time
from pybackup.tree.walk import walk


@dataclass(frozen=True, slots=True)
class Difference:
    """A path that differs, the respects in which it does, and a description."""

    path: bytes
    kinds: tuple[str, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class Compared:
    """All differences, and how many entries were compared."""

    differences: Sequence[Difference]
    entries: int


def compare(archive: bytes, directory: bytes, *more: bytes, alone: bool = False, monitor: Monitor) -> Compared:
    """Compare every entry of the archive with the tree below ``directory``.

    ``directory`` corresponds to the top of the archive, as after extracting to it. If the archive has a single
    directory at its top that ``directory`` does not contain, it is compared with that. ``more`` are other volumes of
    the archive's set; ``alone`` as in `pybackup.archive.open.open_archive`. An archive that builds on earlier ones is
    compared as the whole tree of its time, whether these are at hand or not.

    Raises
    ------
    UsageError
        ``directory`` is not a directory.
    """
    if not os.path.isdir(directory):
        raise UsageError(f"{os.fsdecode(directory)}: no such directory to compare with")
    with open_archive(archive, more, alone=alone, with_earlier=True, monitor=monitor) as opened:
        listing = opened.listing
        sources = sources_of(listing, directory)
        live = {planned.entry.path: planned for planned in walk(sources, monitor=monitor)}
        monitor.begin("compare", len(listing), 0)
        differences: list[Difference] = []
        cut = False
        for stored in listing:
            found = live.pop(stored.entry.path, None)
            differences += _differences(opened.file, stored, found, monitor)
            if found and not cut and (cut := _is_cut(stored.entry, found.entry)):
                said = "its time differs as file systems cut times (FAT to 2 s); such times count as the same"
                monitor.note(f"{display(stored.entry.path)}: {said}")
            monitor.advance(1, stored.entry.size)
        for path in live:
            differences.append(Difference(path, ("extra",), "not in the archive"))
        monitor.end()
        for difference in differences:
            reason = f"{', '.join(difference.kinds)}: {difference.detail}"
            monitor.problem(Problem(difference.path, Trouble.DIFFERENT, reason))
        if not listing.complete:
            monitor.problem(Problem(b"", Trouble.LOST, listing.incompleteness))
    return Compared(differences, len(listing))


def sources_of(listing: Listing, directory: bytes) -> list[Source]:
    """Return the sources in a live directory that correspond to the top of an archive; see `compare`."""
    tops = [path for path in listing.paths if b"/" not in path]
    base = directory.rstrip(b"/") or b"/"
    there = [top for top in tops if os.path.lexists(os.path.join(base, top))]
    if not there and len(tops) == 1 and listing.stored(listing.paths.index(tops[0])).entry.kind is Kind.DIRECTORY:
        return [Source(base + b"/", tops[0])]
    return [Source(os.path.join(base, top), top) for top in there]


def _differences(file: ArchiveFile, stored: Stored, found: Planned | None, monitor: Monitor) -> Iterator[Difference]:
    entry = stored.entry
    if found is None:
        yield Difference(entry.path, ("missing",), "not in the directory")
        return
    live = found.entry
    if live.kind is not entry.kind:
        was, now = entry.kind.name.lower(), live.kind.name.lower()
        yield Difference(entry.path, ("type",), f"a {was} in the archive, a {now} now")
        return
    respects = dict(differing(entry, live))
    if entry.kind is Kind.FILE and "size" not in respects:
        try:
            if not same_live_content(file, stored, found.path):
                respects["content"] = "other content"
        except (OSError, FormatError) as error:
            monitor.problem(Problem(entry.path, Trouble.UNREADABLE, str(error)))
    if respects:
        yield Difference(entry.path, tuple(respects), "; ".join(respects.values()))


def differing(entry: Entry, live: Entry) -> Iterator[tuple[str, str]]:
    """Yield the respects in which the metadata of two entries of one kind differ, each with a description."""
    if entry.size != live.size:
        yield "size", f"{entry.size} bytes in the archive, {live.size} now"
    if entry.target != live.target:
        yield "target", f"links to {_text(entry.target)} in the archive, to {_text(live.target)} now"
    if entry.device != live.device:
        yield "device", f"device {entry.device} in the archive, {live.device} now"
    if entry.kind is Kind.HARDLINK:
        # The file that it links to is compared.
        return
    if entry.mode != live.mode and entry.kind is not Kind.SYMLINK:
        yield "mode", f"mode {entry.mode:04o} in the archive, {live.mode:04o} now"
    if (entry.owner.uid, entry.owner.gid) != (live.owner.uid, live.owner.gid):
        then, now = entry.owner, live.owner
        yield "owner", f"owned by {then.uid}:{then.gid} in the archive, by {now.uid}:{now.gid} now"
    # A time rounded by a file system with coarser times does not count as modified.
    if not same_time(entry.mtime_ns, live.mtime_ns):
        yield "time", f"modified {'later' if live.mtime_ns > entry.mtime_ns else 'earlier'} than in the archive"
    if dict(entry.xattrs) != dict(live.xattrs):
        yield "xattrs", f"extended attributes {_changed(entry.xattrs, live.xattrs)}"


def _is_cut(entry: Entry, live: Entry) -> bool:
    """Return whether two times differ, but only by the rounding of a file system with coarser times."""
    return entry.mtime_ns != live.mtime_ns and same_time(entry.mtime_ns, live.mtime_ns)


def _changed(then: Mapping[bytes, bytes], now: Mapping[bytes, bytes]) -> str:
    return ", ".join(_text(name) for name in sorted({*then, *now}) if then.get(name) != now.get(name))


def _text(name: bytes) -> str:
    return name.decode(errors="backslashreplace")
