"""A volume of a set whose tree index is lost: known by the id that all of its headers have."""

from __future__ import annotations

from dataclasses import replace

from pybackup.container.read import open_listing, segment_numbers
from pybackup.container.relocate import relocate
from pybackup.errors import Damaged, FormatError
from pybackup.host.joined import Part, Place, open_place
from pybackup.model.listing import Rows
from pybackup.model.member import Stored
from pybackup.model.volume import VolumeInfo, VolumeKind, number_of

from .find import Volume


def by_headers(part: Part, known: VolumeInfo) -> Volume | None:
    """Return the data volume that a stretch of a file is, as far as something is left of it; None for another.

    Parameters
    ----------
    known
        Any volume of the set.
    """
    place = (part,)
    try:
        with open_place(place) as file:
            listing = relocate(file, open_listing(file))
    except FormatError:
        return None
    number = number_of(listing.archive_id, known.set_id, VolumeKind.DATA) if listing.archive_id else None
    if number is None:
        return None
    info = VolumeInfo(known.set_id, known.name, number)
    numbered = replace(listing, rows=_NumberedRows(listing.rows, place))
    return Volume(part.path, part.offset, part.n_bytes, info, numbered)


class _NumberedRows:
    """Rows found by headers: of a file that is there in part, its headers say which segments those are."""

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
