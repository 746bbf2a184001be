"""Putting a volume together from copies, and what no copy has from parity, group by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pybackup.parity.stream.dealing import Dealing, Numbers
from pybackup.parity.stream.shards import write_shards
from pybackup.parity.stream.sum_table import SumTable
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.sector import SECTOR

from .copies import NO_ORIGIN, Copy, Origin, Survey, damaged_groups, read_sectors, stretches
from .flips import Proposals
from .patched import is_right
from .rebuild import RebuiltGroup, rebuild, without_parity

MENDED = -2
_SKIPPED = -3
_STEP_SECTORS = 512
_MOST_AT_A_TIME = 1 << 20
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class MendedSectors:
    """What parity could do.

    Attributes
    ----------
    sectors
        Those that are right now and were good in no copy, ascending.
    beyond
        Groups that miss more than they have parity, or whose parity contradicts the sums.
    """

    sectors: Numbers
    beyond: Sequence[int]


def assemble(
    writer: VolumeWriter,
    copies: Sequence[Copy],
    survey: Survey,
    progress: Progress,
    *,
    in_place: NDArray[np.bool_] | None = None,
) -> None:
    """Write every sector from the copy in which it is good; where there is none, from that of its neighbours.

    Parameters
    ----------
    in_place
        Sectors that are not written, since they are there: shape (sectors,). What is good nowhere is left alone then.
    """
    where = _beside(survey) if in_place is None else _skipping(survey.where, in_place)
    sidecar = survey.geometry.before_sectors if survey.geometry.sidecar else survey.geometry.sectors
    for first, count, number in stretches(where):
        if number == _SKIPPED:
            continue
        # Where nothing good is before it.
        lost = Origin(0, copies[0].shifts[0]) if first < sidecar else Origin(0, 0)
        origin = survey.origins[number] if number >= 0 else lost
        for start in range(first, first + count, _STEP_SECTORS):
            step = min(_STEP_SECTORS, first + count - start)
            writer.write(start, _read(copies[origin.copy], start * SECTOR + origin.shift, step))
            progress(step * SECTOR)


def _read(copy: Copy, offset: int, count: int) -> bytes:
    """Sectors of a copy, zeros for those that a drive is known not to give."""
    if not copy.avoid.within(offset, offset + count * SECTOR):
        return read_sectors(copy.file, offset, count)
    ends = [(at, at + SECTOR) for at in range(offset, offset + count * SECTOR, SECTOR)]
    return b"".join(bytes(SECTOR) if copy.avoid.within(*end) else read_sectors(copy.file, end[0], 1) for end in ends)


def _skipping(where: NDArray[np.int16], in_place: NDArray[np.bool_]) -> NDArray[np.int16]:
    return np.where(in_place | (where == NO_ORIGIN), np.int16(_SKIPPED), where)


def _beside(survey: Survey) -> NDArray[np.int16]:
    """Return the origin of each sector, where it is good nowhere that of the one before it: it lies where that lies.

    Those of a sidecar lie where most of it lies: it is another file.
    """
    geometry, beside = survey.geometry, survey.where.copy()
    end = geometry.before_sectors if geometry.sidecar else len(beside)
    last = np.int16(NO_ORIGIN)
    for start in range(0, end, _MOST_AT_A_TIME):
        part = beside[start : min(start + _MOST_AT_A_TIME, end)]
        nearest = np.maximum.accumulate(np.where(part >= 0, np.arange(len(part)), -1))
        part[:] = np.where(nearest >= 0, part[nearest], last)
        last = part[-1]
    stream = beside[end:]
    known = stream[stream >= 0]
    if len(known):
        stream[stream < 0] = np.bincount(known).argmax()
    return beside


def mend(
    volume: Sectors, writer: VolumeWriter, table: SumTable, survey: Survey, progress: Progress, *, proposals: Proposals
) -> MendedSectors:
    """Rebuild the missing sectors of a volume that has been assembled; ``survey`` gets `MENDED` for them.

    Parameters
    ----------
    proposals
        For missing sectors: as many as are needed are taken in groups that miss more than they have parity, and where
        the parity confirms them. Where it cannot, or there is none, the checksum of the whole has to.

    Raises
    ------
    OSError
        The medium cannot be read or written.
    """
    dealing = Dealing(table.geometry)
    beyond: list[int] = []
    held: list[tuple[int, RebuiltGroup]] = []
    for group in np.flatnonzero(damaged_groups(dealing, survey.missing)).tolist():
        rebuilt = rebuild(volume, table, survey, dealing, group, proposals)
        if rebuilt is None:
            beyond.append(group)
        elif rebuilt.sure:
            _write(writer, survey, rebuilt)
        else:
            held.append((group, rebuilt))
        progress(table.geometry.data_shards * SECTOR)
    unsure = [rebuilt for _, rebuilt in held]
    if not table.geometry.groups:
        unsure = without_parity(dealing, survey, proposals)
    if unsure and not beyond and is_right(volume, table, unsure):
        for rebuilt in unsure:
            _write(writer, survey, rebuilt)
    else:
        beyond = sorted([*beyond, *(group for group, _ in held)])
    _mend_guards(writer, table, survey, dealing)
    return MendedSectors(np.flatnonzero(survey.where == MENDED), beyond)


def _write(writer: VolumeWriter, survey: Survey, rebuilt: RebuiltGroup) -> None:
    write_shards(writer, rebuilt.numbers, rebuilt.shards)
    survey.where[rebuilt.numbers] = MENDED


def _mend_guards(writer: VolumeWriter, table: SumTable, survey: Survey, dealing: Dealing) -> None:
    numbers = dealing.guard_numbers
    if (survey.where[numbers] != NO_ORIGIN).all():
        return
    for guard, sector in table.guards():
        number = int(numbers[guard])
        if survey.where[number] == NO_ORIGIN:
            writer.write(number, sector)
            survey.where[number] = MENDED
