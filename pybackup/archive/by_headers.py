"""A volume of a set whose tree index is lost: known by the id that all of its headers have."""

from __future__ import annotations

from dataclasses import replace

from pybackup.container.read import open_listing, segment_numbers
from pybackup.container.relocate import relocate
from pybackup.errors import Damaged, FormatError
from pybackup.host.joined import Part, Place, open_place
from pybackup.model.listing import Rows
from pybackup.model.member import Stored
from pybackup.model.volume import VolumeInfo, VolumeKind, volume_id

from .find import Volume

# The id is made of the number: so many are tried.
_MOST_VOLUMES = 4096


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
    for number in range(1, _MOST_VOLUMES):
        if volume_id(known.set_id, VolumeKind.DATA, number) == listing.archive_id:
            info = VolumeInfo(known.set_id, known.name, number)
            numbered = replace(listing, rows=_NumberedRows(listing.rows, place))
            return Volume(part.path, part.offset, part.n_bytes, info, numbered)
    return None


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
