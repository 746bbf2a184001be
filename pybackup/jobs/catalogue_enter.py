"""Entering archives in the catalogue, whether found on a medium or just made."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pybackup.archive.chain import read_tables
from pybackup.archive.covered import covered
from pybackup.archive.find import Volume
from pybackup.archive.volume_set import gather
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.fill import Entered, enter
from pybackup.catalogue.media import media
from pybackup.host.mounts import is_on_disc
from pybackup.host.storage import ArchiveFile
from pybackup.model.catalogued import Medium, MediumType, NewMedium, NewVolume
from pybackup.model.filed import filed_of
from pybackup.model.listing import Rows
from pybackup.model.volume import VolumeKind
from pybackup.monitor import Aside, Monitor, Silent

from .catalogue_run import enter_run_of


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How media are entered.

    Attributes
    ----------
    label, place, title, description
        The label and texts of the medium; except for ``place`` only if a single medium is entered.
    another
        The medium is one more copy of a known one.
    tree
        Enter a directory with all its files, even if there are archives in it.
    hashed
        Read and hash the contents of files in a directory.
    depth
        How many levels of nested archives of other programs are entered like directories; 0 for none.
    """

    label: str = ""
    place: str = ""
    title: str = ""
    description: str = ""
    another: bool = False
    tree: bool = False
    hashed: bool = True
    depth: int = 3


@dataclass(frozen=True, slots=True)
class AddedMedium:
    """A medium that was entered, or recognised as a known one.

    Attributes
    ----------
    told
        Labels of other volumes that are listed in the index of this one, and were not in the catalogue.
    """

    path: bytes
    medium: Medium
    entered: Entered
    told: tuple[str, ...] = ()


def enter_volume(
    catalogue: Catalogue, volume: Volume, on: NewMedium, options: AddOptions, monitor: Monitor
) -> AddedMedium:
    """Enter an archive that was found, its medium, and the other volumes that its index lists."""
    told = tuple(_enter_told(catalogue, volume, monitor))
    rows = partial(filed_of, volume.listing.rows, volume.listing.paths)
    entered = enter(catalogue, _volume_of(volume, options), rows, on, monitor)
    enter_run_of(catalogue, volume)
    return AddedMedium(volume.path, medium_of(catalogue, entered), entered, told)


def _volume_of(volume: Volume, options: AddOptions) -> NewVolume:
    stem = os.path.splitext(os.path.basename(volume.path.rstrip(b"/")))[0]
    name = volume.info.label if volume.info else os.fsdecode(stem)
    return replace(
        NewVolume.of_archive(volume.listing, volume.info, name),
        n_bytes=volume.n_bytes,
        covers=tuple(covered([volume])),
        title=options.title,
        description=options.description or str(volume.listing.settings.get("comment") or ""),
    )


def on_medium(catalogue: Catalogue, volume: Volume, options: AddOptions) -> NewMedium:
    """Return the medium that an archive was found on: a disc, or a file, which may have been moved."""
    kind, location = place_of(volume.path)
    with ArchiveFile(volume.path) as file:
        size = file.size
    label = options.label
    if not label and location and not options.another:
        label = _moved(catalogue, volume, location)
    return NewMedium(kind, label, location, options.place, size, another=options.another)


def place_of(path: bytes) -> tuple[MediumType, bytes]:
    """Return the kind of medium at a path, and its location; empty for a disc, which may be in any drive."""
    return (MediumType.DISC, b"") if is_on_disc(path) else (MediumType.FILE, os.path.realpath(path))


def _moved(catalogue: Catalogue, volume: Volume, location: bytes) -> str:
    """Return the label of the known file that was moved to this location; empty if there is none."""
    same = [
        known
        for known in media(catalogue)
        if known.volume.identity == volume.listing.archive_id and known.type is MediumType.FILE and known.location
    ]
    if any(known.location == location for known in same):
        return ""
    return next((known.label for known in same if not os.path.exists(known.location)), "")


def tells_of_all_before(volume: Volume, monitor: Monitor) -> bool:
    """Return whether a volume still has the indexes of earlier volumes of its set, which may be damaged alone."""
    info = volume.info
    if info is None or info.kind is not VolumeKind.DATA or info.number < 2:
        return True
    return gather([volume], Silent(monitor)).tables.keys() >= set(range(1, info.number))


def _enter_told(catalogue: Catalogue, volume: Volume, monitor: Monitor) -> Iterator[str]:
    """Enter the volumes of the set and the earlier archives that an index lists; yield the labels of unknown ones."""
    told: list[tuple[NewVolume, Rows, Sequence[bytes]]] = []
    if volume.info is not None:
        volume_set = gather([volume], Aside(monitor))
        for number, (rows, paths) in sorted(volume_set.tables.items()):
            if number not in volume_set.data:
                told.append((NewVolume.told_of(volume_set.infos[number], len(paths)), rows, paths))
    told += [(NewVolume.earlier(one.of, len(one.paths)), one.rows, one.paths) for one in read_tables([volume])]
    on = NewMedium(MediumType.DISC, seen=False)
    for new, rows, paths in told:
        entered = enter(catalogue, new, partial(filed_of, rows, paths), on, Aside(monitor))
        if entered.new_volume:
            yield entered.label


def medium_of(catalogue: Catalogue, entered: Entered) -> Medium:
    """Return the medium that something was entered for."""
    return next(known for known in media(catalogue) if known.id == entered.medium_id)
