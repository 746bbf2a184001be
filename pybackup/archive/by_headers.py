"""A volume of a set whose tree index is lost: known by the id that all of its headers have."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from pybackup.container.found_indexes import found_indexes
from pybackup.container.read import open_listing, segment_numbers
from pybackup.container.relocate import relocate
from pybackup.container.scan import scan
from pybackup.container.tables import load_table, settings_of
from pybackup.errors import Damaged, FormatError
from pybackup.host.joined import Place, open_place, part_of
from pybackup.host.storage import ArchiveFile
from pybackup.layout.index import TREE, Blob
from pybackup.model.listing import Rows
from pybackup.model.member import Stored
from pybackup.model.volume import VolumeInfo, VolumeKind, number_of

from .find import FoundFile, Volume


def told_of_set(path: bytes) -> VolumeInfo | None:
    """Return any volume of the set that a file is of: its own tree index is lost, but it may hold those of others."""
    with ArchiveFile(path) as file:
        for _, blob in found_indexes(file, scan(file), scope=TREE):
            if isinstance(blob, Blob):
                with suppress(FormatError):
                    info = VolumeInfo.of_settings(settings_of(load_table(blob)))
                    if info is not None:
                        return info
    return None


def by_headers(path: bytes, offset: int, n_bytes: int, known: VolumeInfo) -> Volume | None:
    """Return the data volume of a set that lies in a stretch of a file; None where none does, or too little is left.

    Parameters
    ----------
    offset
        Below 0 where the start of the volume was cut off.
    known
        Any volume of the set.
    """
    place = (part_of(path, offset, n_bytes),)
    try:
        with open_place(place) as file:
            listing = relocate(file, open_listing(file))
            said = VolumeInfo.of_settings(listing.settings)
    except FormatError:
        return None
    number = number_of(listing.archive_id, known.set_id, VolumeKind.DATA) if listing.archive_id else None
    if number is None:
        return None
    info = said if said and said.archive_id == listing.archive_id else VolumeInfo(known.set_id, known.name, number)
    numbered = replace(listing, rows=_NumberedRows(listing.rows, place))
    return Volume(path, offset, n_bytes, info, numbered)


def clear_up(files: Sequence[FoundFile], known: VolumeInfo | None = None) -> list[FoundFile]:
    """Return the files; those that did not tell which volume they are, with the volumes that member headers tell of.

    Parameters
    ----------
    known
        Any volume of the set; None for whatever the files tell of one.
    """
    dark = [file for file in files if not file.volumes and not os.path.isdir(file.path)]
    known = known or next((volume.info for file in files for volume in file.volumes if volume.info), None)
    known = known or next(filter(None, (told_of_set(file.path) for file in dark)), None) if dark else None
    if known is None:
        return list(files)
    return [_cleared_up(file, known) if file in dark else file for file in files]


def _cleared_up(file: FoundFile, known: VolumeInfo) -> FoundFile:
    with ArchiveFile(file.path) as opened:
        n_bytes = opened.size - file.begin
    volume = by_headers(file.path, file.begin, n_bytes, known)
    return replace(file, volumes=(volume,)) if volume else file


class _NumberedRows:
    """Rows found by member headers, which also say which segments of a file these are, where only some are here."""

    def __init__(self, rows: Rows, place: Place) -> None:
        self._rows = rows
        self._place = place
        self.kinds = rows.kinds

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row``."""
        stored = self._rows.stored(row, path)
        if not stored.missing or stored.numbers:
            return stored
        try:
            with open_place(self._place) as file:
                return replace(stored, numbers=tuple(segment_numbers(file, stored.members)))
        except (Damaged, OSError):
            return stored
