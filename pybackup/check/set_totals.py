"""What the volumes of a set hold together: each file once, on however many of them it lies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pybackup.archive.joined import joined, volumes_of
from pybackup.archive.volume_set import SetAtHand
from pybackup.errors import Damaged
from pybackup.model.entry import Kind
from pybackup.model.volume import VolumeInfo

from .verify import Verdict


@dataclass(frozen=True, slots=True)
class SetTotal:
    """What was verified of a set.

    Attributes
    ----------
    name, labels
        Of the set, and of the data volumes that were looked at.
    files, n_bytes
        Files that lie whole on these volumes together, each counted once, and the bytes of their contents.
    elsewhere
        Files of which some lies on no volume that was looked at.
    lost
        Files that are damaged on these volumes, and whole nowhere on them: paths in order.
    """

    name: str
    labels: Sequence[str]
    files: int
    n_bytes: int
    elsewhere: int
    lost: Sequence[bytes]


def volume_of(verdict: Verdict) -> VolumeInfo | None:
    """Return which volume of a set a verdict is of; None for an archive that stands alone, or does not tell."""
    try:
        return VolumeInfo.of_settings(verdict.listing.settings) if verdict.listing else None
    except Damaged:
        return None


def totals(sets: Iterable[SetAtHand], verdicts: Iterable[Verdict]) -> list[SetTotal]:
    """Return the totals of each set of which several data volumes were verified.

    Parameters
    ----------
    sets
        Those of the files that were verified together.
    verdicts
        On them, in the light of the others, see `with_spared`.
    """
    verdicts = list(verdicts)
    return [_total(hand, verdicts) for hand in sets if len(hand.data) > 1]


def _total(hand: SetAtHand, verdicts: Iterable[Verdict]) -> SetTotal:
    _, listing = joined(hand)
    files = n_bytes = elsewhere = 0
    for row, kind in enumerate(listing.rows.kinds):
        if kind != Kind.FILE:
            continue
        stored = listing.stored(row)
        if any(not place.fault and volumes_of([place]) <= hand.data.keys() for place in stored.places):
            files += 1
            n_bytes += stored.entry.size
        else:
            elsewhere += 1
    ids = {info.archive_id for info in hand.infos.values()}
    lost = {
        path for verdict in verdicts if verdict.listing and verdict.listing.archive_id in ids for path in verdict.lost
    }
    return SetTotal(hand.info.name, [*map(hand.label, sorted(hand.data))], files, n_bytes, elsewhere, sorted(lost))
