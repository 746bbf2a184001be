"""A volume of a set whose tree index is lost: it is identified by the archive id in all of its headers."""

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


def set_info_in(path: bytes) -> VolumeInfo | None:
    """Return the `VolumeInfo` of any volume of the set of a file whose own tree index is lost.

    It is read from the tree indexes of earlier volumes in the file; None if there are none.
    """
    with ArchiveFile(path) as file:
        for _, blob in found_indexes(file, scan(file), scope=TREE):
            if isinstance(blob, Blob):
                with suppress(FormatError):
                    info = VolumeInfo.of_settings(settings_of(load_table(blob)))
                    if info is not None:
                        return info
    return None


def by_headers(path: bytes, offset: int, n_bytes: int, known: VolumeInfo) -> Volume | None:
    """Return the data volume of a set in a range of a file; None if there is none, or too little of it is left.

    Parameters
    ----------
    offset
        Where the volume begins in the file, in bytes; below 0 if its start was cut off.
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
    """Return the files; those that could not be identified, with the volumes that their member headers identify.

    Parameters
    ----------
    known
        Any volume of the set; None to take one from the files.
    """
    dark = [file for file in files if not file.volumes and not os.path.isdir(file.path)]
    known = known or next((volume.info for file in files for volume in file.volumes if volume.info), None)
    known = known or next(filter(None, (set_info_in(file.path) for file in dark)), None) if dark else None
    if known is None:
        return list(files)
    return [_cleared_up(file, known) if file in dark else file for file in files]


def _cleared_up(file: FoundFile, known: VolumeInfo) -> FoundFile:
    with ArchiveFile(file.path) as opened:
        n_bytes = opened.size - file.begin
    volume = by_headers(file.path, file.begin, n_bytes, known)
    return replace(file, volumes=(volume,)) if volume else file


class _NumberedRows:
    """Rows found by member headers, which also have the numbers of a file's segments where only some are here."""

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
                return stored._replace(numbers=tuple(segment_numbers(file, stored.members)))
        except (Damaged, OSError):
            return stored
