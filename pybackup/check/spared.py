"""Files that are damaged on one volume of a set but not lost, as another volume has an intact second copy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from pybackup.archive.joined import joined
from pybackup.archive.volume_set import VolumeSet
from pybackup.compress.check import first_fault
from pybackup.host.joined import open_place
from pybackup.mend.health import State
from pybackup.model.verdict import Fate

from .verdict import ArchiveVerdict


def with_spared(verdict: ArchiveVerdict, sets: Iterable[VolumeSet]) -> ArchiveVerdict:
    """Return the verdict on a volume, in which files count as repaired if another volume of its set has them whole.

    Parameters
    ----------
    sets
        The sets that are verified together; the volume may belong to one of them, or to none.
    """
    if verdict.listing is None or not verdict.not_intact:
        return verdict
    spared = _spared(sets, verdict.listing.archive_id, verdict.files_damaged)
    if not spared:
        return verdict
    files = [replace(file, fate=Fate.REPAIRED) if file.path in spared else file for file in verdict.not_intact]
    found = replace(verdict, not_intact=files, spared=[file.path for file in files if file.path in spared])
    is_all = not found.lost and found.missing == 0 and not verdict.listing.doubts
    return replace(found, state=State.REPAIRABLE) if is_all else found


def _spared(sets: Iterable[VolumeSet], archive_id: bytes, paths: Sequence[bytes]) -> Collection[bytes]:
    """Return those of the paths in an archive whose content is whole on some volume of its set."""
    for volume_set in sets:
        if archive_id in {info.archive_id for info in volume_set.infos.values()}:
            place, listing = joined(volume_set)
            wanted = set(paths)
            rows = [row for row, path in enumerate(listing.paths) if path in wanted]
            with open_place(place) as file:
                return {
                    stored.entry.path
                    for stored in map(listing.stored, rows)
                    if any(not each.fault and not first_fault(file, each.members) for each in stored.places)
                }
    return ()
