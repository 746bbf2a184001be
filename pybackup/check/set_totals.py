"""The totals of a set: each file is counted once, on however many volumes it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pybackup.archive.joined import volumes_of
from pybackup.archive.volume_set import VolumeSet
from pybackup.errors import Damaged
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing
from pybackup.model.volume import VolumeInfo

from .verdict import ArchiveVerdict


@dataclass(frozen=True, slots=True)
class SetTotal:
    """The result of verifying volumes of a set together.

    Attributes
    ----------
    name, labels
        The name of the set, and the labels of the data volumes that were verified.
    files, n_bytes
        Files that are whole on these volumes together, each counted once, and the bytes of their contents.
    elsewhere
        Files with a part on a volume that was not verified.
    lost
        The paths, in order, of files that are damaged on these volumes, without an intact copy on another one of them.
    """

    name: str
    labels: Sequence[str]
    files: int
    n_bytes: int
    elsewhere: int
    lost: Sequence[bytes]


def volume_of(verdict: ArchiveVerdict) -> VolumeInfo | None:
    """Return which volume of a set a verdict is about; None for a single archive, or if that is unknown."""
    try:
        return VolumeInfo.of_settings(verdict.listing.settings) if verdict.listing else None
    except Damaged:
        return None


def totals(sets: Iterable[tuple[VolumeSet, Listing]], verdicts: Iterable[ArchiveVerdict]) -> list[SetTotal]:
    """Return the totals of each set of which several data volumes were verified.

    Parameters
    ----------
    sets
        The sets that were verified, each with the listing of its volumes together.
    verdicts
        The verdicts on the volumes, each considering the others, see `with_spared`.
    """
    verdicts = list(verdicts)
    return [_total(volume_set, listing, verdicts) for volume_set, listing in sets if len(volume_set.data) > 1]


def _total(volume_set: VolumeSet, listing: Listing, verdicts: Iterable[ArchiveVerdict]) -> SetTotal:
    files = n_bytes = elsewhere = 0
    for row, kind in enumerate(listing.rows.kinds):
        if kind != Kind.FILE:
            continue
        stored = listing.stored(row)
        if any(not place.fault and volumes_of([place]) <= volume_set.data.keys() for place in stored.places):
            files += 1
            n_bytes += stored.entry.size
        else:
            elsewhere += 1
    ids = {info.archive_id for info in volume_set.infos.values()}
    lost = {
        path for verdict in verdicts if verdict.listing and verdict.listing.archive_id in ids for path in verdict.lost
    }
    return SetTotal(
        volume_set.info.name, [*map(volume_set.label, sorted(volume_set.data))], files, n_bytes, elsewhere, sorted(lost)
    )
