"""What damage to a volume does not cost, as another volume of its set at hand has a second copy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from pybackup.archive.joined import joined
from pybackup.archive.volume_set import SetAtHand
from pybackup.compress.check import first_fault
from pybackup.host.joined import open_place
from pybackup.mend.health import State

from .verify import Verdict


def with_spared(verdict: Verdict, sets: Iterable[SetAtHand]) -> Verdict:
    """Return the verdict on a volume in the light of others: nothing is lost if they have all that is damaged in it.

    Parameters
    ----------
    sets
        Those that are verified together; the volume may be of any of them, or of none.
    """
    if verdict.listing is None or not verdict.files_damaged:
        return verdict
    spared = _spared(sets, verdict.listing.archive_id, verdict.files_damaged)
    if not spared:
        return verdict
    found = replace(verdict, spared=[path for path in verdict.files_damaged if path in spared])
    is_all = not found.lost and found.missing == 0 and not verdict.listing.doubts
    return replace(found, state=State.REPAIRABLE) if is_all else found


def _spared(sets: Iterable[SetAtHand], archive_id: bytes, paths: Sequence[bytes]) -> Collection[bytes]:
    """Those of the paths in an archive whose content is whole somewhere in the set that it is of."""
    for hand in sets:
        if archive_id in {info.archive_id for info in hand.infos.values()}:
            place, listing = joined(hand)
            wanted = set(paths)
            rows = [row for row, path in enumerate(listing.paths) if path in wanted]
            with open_place(place) as file:
                return {
                    stored.entry.path
                    for stored in map(listing.stored, rows)
                    if any(not each.fault and not first_fault(file, each.members) for each in stored.places)
                }
    return ()
