"""The entries without content of a tree (directories, symbolic links, FIFOs, devices): saved as a tar, and restored."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pybackup.archive.open import open_archive
from pybackup.archive.volume_set import VolumeSet
from pybackup.container.own import END
from pybackup.container.skeleton import own_members
from pybackup.container.structure import read_structure, write_structure
from pybackup.errors import FormatError, NotAnArchive, UsageError
from pybackup.host.check_outputs import check_outputs
from pybackup.host.output import Output
from pybackup.host.storage import ArchiveFile
from pybackup.layout.names import STRUCTURE
from pybackup.make.plan import readers_of
from pybackup.model.entry import Entry, Kind
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Judge, Source
from pybackup.monitor import Monitor
from pybackup.tree.place import PlaceOptions, Target
from pybackup.tree.walk import walk

_MAX_BYTES = 4 << 30
_SKELETON = frozenset((Kind.DIRECTORY, Kind.SYMLINK, Kind.FIFO, Kind.CHARACTER, Kind.BLOCK))


@dataclass(frozen=True, slots=True)
class Saved:
    """The number of entries saved, and the length of the tar in bytes."""

    entries: int
    n_bytes: int


def save_structure(
    sources: Iterable[Source], output: bytes, *, judge: Judge | None, overwrite: bool = False, monitor: Monitor
) -> Saved:
    """Write the tar of all directories, symbolic links, FIFOs and devices of the sources.

    Raises
    ------
    Exists
        The file exists, and is not to be replaced.
    UsageError
        The file exists, and is neither such a tar nor an archive.
    """
    _check_output(output, overwrite)
    found = list(walk(sources, judge=judge, monitor=monitor))
    entries = [planned.entry for planned in found if planned.entry.kind in _SKELETON]
    with Output(output, replace=overwrite, readers=readers_of(found)) as sink:
        for part in write_structure(entries):
            sink.write(part)
        if not entries:
            sink.write(END)
        size = sink.tell()
        sink.publish()
    return Saved(len(entries), size)


def _check_output(output: bytes, overwrite: bool) -> None:
    """Refuse to replace a file that is no structure; the structure of an empty tree is just the end of a tar."""
    check_outputs([output], replace=overwrite)
    if os.path.isfile(output):
        with ArchiveFile(output) as there:
            start = there.read_at(0, len(END))
            if start not in (b"", END) and next(read_structure(start), None) is None:
                raise UsageError(f"{os.fsdecode(output)}: exists and is no structure; choose another name")


def restore_structure(file: bytes, target: bytes, options: PlaceOptions, *, monitor: Monitor) -> int:
    """Restore the entries without content from a structure tar or an archive, and return their number.

    Each volume of a set holds those of the whole set.

    Raises
    ------
    NotAnArchive
        The file is neither a structure tar nor an archive.
    """
    entries = _entries(file, monitor)
    done = 0
    with Target(target, options, monitor) as place:
        directories = [entry for entry in entries if entry.kind is Kind.DIRECTORY]
        for entry in directories:
            place.make_directory(entry)
        for entry in entries:
            if entry.kind is not Kind.DIRECTORY:
                done += place.place_link(entry)
        for entry in reversed(directories):
            done += place.finish_directory(entry)
    return done


def _entries(file: bytes, monitor: Monitor) -> Sequence[Entry]:
    """Return the entries without content in a file; losses are problems."""
    try:
        with open_archive(file) as archive:
            listing = archive.listing
            if archive.volume_set and listing.unknown and (whole := _of_set(archive.volume_set)) is not None:
                monitor.note(
                    f"{archive.volume_set.info.name}: each volume has the structure of the whole set, restored here"
                )
                return whole
            for doubt in listing.doubts:
                monitor.problem(doubt)
            if not listing.complete:
                monitor.problem(Problem(b"", Trouble.LOST, listing.incompleteness))
            return [stored.entry for stored in listing if stored.entry.kind in _SKELETON]
    except NotAnArchive:
        with ArchiveFile(file) as plain:
            data = plain.read_at(0, min(plain.size, _MAX_BYTES))
        damage: list[int] = []
        entries = [entry for entry in read_structure(data, on_damage=damage.append) if entry.kind in _SKELETON]
        if not entries and data != END:
            raise
        if damage:
            reason = f"damaged or cut off in {len(damage)} places, the first at byte {damage[0]}"
            monitor.problem(Problem(b"", Trouble.LOST, reason))
        return entries


def _of_set(volume_set: VolumeSet) -> Sequence[Entry] | None:
    """Return the structure of a whole set, as each volume has it; None if no given volume still has all of it."""
    for volume in volume_set.volumes:
        damage: list[int] = []
        with volume.open() as file:
            try:
                offset, size = own_members(file, volume.listing).get(STRUCTURE, (0, 0))
                data = file.read_at(offset, min(size, _MAX_BYTES))
            except (FormatError, OSError):
                continue
        if len(data) == size:
            entries = list(read_structure(data, strict=True, on_damage=damage.append)) if size else []
            if not damage:
                return entries
    return None
