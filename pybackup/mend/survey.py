"""Surveying copies of a volume: which volume it is, and which sectors are good in which copy."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pybackup.errors import Damaged
from pybackup.layout.guard import Geometry
from pybackup.model.extents import Extents
from pybackup.monitor import Monitor, Phase
from pybackup.parity.mend.align import align
from pybackup.parity.mend.copies import Copy, Survey, damaged_groups
from pybackup.parity.stream.dealing import Dealing, runs
from pybackup.parity.stream.find import FoundGuards, GuardSearch, find
from pybackup.parity.stream.sum_table import SumTable, load
from pybackup.parity.stream.volume import places
from pybackup.sector import SECTOR

from .copies import GivenCopy
from .surveyed import Surveyed
from .which_volume import VolumeCandidate, choose

# Shorter stretches that are missing from a file of the right size are damage.
_LONG_SECTORS = 16
# How many volumes in the copies are examined, the largest first.
_MOST_VOLUMES = 4
_SHIFTS_TRIED = 8
_OVERWRITTEN = "what stands behind the volume is left of a longer one that was there before"


def survey(given: Sequence[GivenCopy], monitor: Monitor, *, realign: bool = True) -> Surveyed | None:
    """Find out which sectors are good in which copy; None if no guard sector is left in any.

    Raises
    ------
    Damaged
        Too few guard sectors are left to restore the checksums.
    UsageError
        A copy is one of another volume.
    """
    search = GuardSearch([copy.file for copy in given])
    if not search.volumes:
        return None
    looked_at = _candidates(given, search.volumes, monitor)
    if all(_is_beyond(candidate) for candidate, _ in looked_at):
        # The stream found from the end of a file may be the rest of an earlier, longer volume: on a disc that was
        # written again, with less.
        known = {(found.geometry, found.digest) for found in search.volumes}
        more = [found for found in search.thorough() if (found.geometry, found.digest) not in known]
        looked_at += _candidates(given, more, monitor) if more else []
    named = [number for number, copy in enumerate(given) if not copy.is_piece]
    choice = choose([candidate for candidate, _ in looked_at], [copy.path for copy in given], named)
    overwritten = bool(named) and given[named[0]].path in choice.stale
    for path in choice.stale:
        words = "protects an earlier version of this file" if path != given[0].path else _OVERWRITTEN
        monitor.note(f"{os.fsdecode(path)}: {words}, and is not used")
    found = choice.candidate.found
    table = next(table for candidate, table in looked_at if candidate is choice.candidate)
    surveyed = Surveyed(given, _copies(given, found), table, choice.candidate.survey, choice.others, overwritten)
    if realign:
        _realign(surveyed.copies, surveyed.survey, monitor)
    for number, copy in enumerate(given):
        if number not in found.shifts and not surveyed.belongs(number) and copy.path not in choice.stale:
            monitor.note(f"{os.fsdecode(copy.path)}: nothing in it is known to belong to this volume")
    return surveyed


def survey_sidecar(file: GivenCopy, sidecar: GivenCopy, monitor: Monitor) -> Surveyed | None:
    """Find out what is left in a file of the bytes that a sidecar protects, even if it is a copy of another volume.

    None if the sidecar is not one, or is too damaged.
    """
    found = find([sidecar.file])
    if found is None or not found.geometry.sidecar:
        return None
    found.shifts = {1: [*found.shifts.get(0, []), -found.geometry.before_sectors * SECTOR]}
    try:
        table = load(found)
    except Damaged:
        return None
    given = (file, sidecar)
    copies = _copies(given, found)
    surveyed = Surveyed(given, copies, table, _look(copies, table, monitor))
    if not surveyed.in_place()[: table.geometry.before_sectors].all():
        _realign(copies, surveyed.survey, monitor)
    return surveyed


def phase_of_survey(n_bytes: int) -> Phase:
    """Return the phase of surveying so many bytes of copies, for `Monitor.plan`."""
    return Phase("check sectors", n_bytes)


def _candidates(
    given: Sequence[GivenCopy], volumes: Sequence[FoundGuards], monitor: Monitor
) -> list[tuple[VolumeCandidate, SumTable]]:
    """Return the volumes whose checksums can be restored, each with its good sectors.

    Raises
    ------
    Damaged
        There are none.
    """
    candidates: list[tuple[VolumeCandidate, SumTable]] = []
    failure = None
    for found in volumes[:_MOST_VOLUMES]:
        try:
            table = load(found)
        except Damaged as error:
            failure = failure or error
        else:
            candidates.append((VolumeCandidate(found, _look(_copies(given, found), table, monitor)), table))
    if failure and not candidates:
        raise failure
    return candidates


def _is_beyond(candidate: VolumeCandidate) -> bool:
    """Return whether more sectors are missing at their places than parity can restore."""
    geometry, missing = candidate.geometry, candidate.survey.missing
    if not geometry.groups:
        return bool(len(missing))
    return bool((damaged_groups(Dealing(geometry), missing) > geometry.parity_shards).any())


def _copies(given: Sequence[GivenCopy], found: FoundGuards) -> list[Copy]:
    return [
        Copy(
            copy.file,
            copy.unread,
            list(dict.fromkeys([*found.shifts.get(number, []), 0])),
            copy.unread if copy.file.is_drive else Extents(),
        )
        for number, copy in enumerate(given)
    ]


def _look(copies: Sequence[Copy], table: SumTable, monitor: Monitor) -> Survey:
    survey = Survey.of(table.geometry, table.sums)
    monitor.begin("check sectors", 0, sum(copy.file.size for copy in copies))
    for number, copy in enumerate(copies):
        for shift in copy.shifts:
            survey.look(number, copy, shift, lambda count: monitor.advance(0, count))
    monitor.end()
    return survey


def _realign(copies: Sequence[Copy], surveyed: Survey, monitor: Monitor) -> None:
    """Search for missing sectors at other places than their own."""
    geometry = surveyed.geometry
    for number, copy in enumerate(copies):
        if not _may_have_moved(copy, surveyed):
            continue
        monitor.begin("realign", 0, copy.file.size)
        numbers = np.arange(geometry.sectors)
        shifts: dict[int, int] = {}
        for stretch in align(
            copy.file.read_what_is_left,
            copy.file.size,
            numbers,
            surveyed.sums,
            unread=copy.unread,
            progress=lambda count: monitor.advance(0, count),
        ):
            shift = stretch.copy_offset - stretch.first_sector * SECTOR
            shifts[shift] = shifts.get(shift, 0) + stretch.sectors
            if shift not in copy.shifts:
                surveyed.look(number, copy, shift, _silent, first=stretch.first_sector, count=stretch.sectors)
        # Of content that occurs twice, the wrong one may have been taken: missing sectors are searched for again.
        # If all content repeats itself, only the size shows that bytes were inserted or lost in one place.
        by_size = copy.file.size - (geometry.before_bytes if geometry.sidecar else geometry.volume_bytes)
        for shift in (*sorted(shifts, key=shifts.__getitem__)[-_SHIFTS_TRIED:], by_size):
            surveyed.look(number, copy, shift, _silent)
        monitor.end()


def _may_have_moved(copy: Copy, surveyed: Survey) -> bool:
    """Return whether bytes may have been lost or inserted: much is missing in one place, or the size differs."""
    geometry = surveyed.geometry
    missing = surveyed.missing
    sizes = (geometry.before_bytes, geometry.stream_bytes) if geometry.sidecar else (geometry.volume_bytes,)
    if copy.file.size not in sizes and len(missing):
        return True
    return any(count >= _LONG_SECTORS for _, _, count in runs(missing))


def _silent(count: int) -> None:
    """A callback for progress that does nothing."""


def extents_of(geometry: Geometry, sectors: NDArray[np.bool_]) -> Extents:
    """Return the byte ranges of the marked sectors in the protected file."""
    found = []
    for _, first, count in runs(np.flatnonzero(sectors)):
        for place in places(geometry, first, count, sidecar=geometry.sidecar):
            if not place.in_stream_file:
                found.append((place.offset, place.offset + place.n_bytes))
    return Extents.of(found)
