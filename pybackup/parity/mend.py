"""Putting a volume together from copies, and what no copy has from parity, group by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import SECTOR
from pybackup.layout.sums import sector_sums

from .codec import encode, fill
from .copies import NO_ORIGIN, Copy, Origin, Survey, damaged_groups, read_sectors, stretches
from .dealing import Dealing, Numbers
from .find import Table
from .protect import read_shards, write_shards
from .volume import Volume, VolumeWriter

MENDED = -2
_SKIPPED = -3
_STEP_SECTORS = 512
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Mended:
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
    """Write every sector from the copy in which it is good; where there is none, what the first copy has.

    Parameters
    ----------
    in_place
        Sectors that are not written, since they are there: shape (sectors,). What is good nowhere is left alone then.
    """
    where = survey.where
    if in_place is not None:
        where = np.where(in_place | (where == NO_ORIGIN), _SKIPPED, where)
    for first, count, number in stretches(where):
        if number == _SKIPPED:
            continue
        origin = survey.origins[number] if number >= 0 else Origin(0, copies[0].shifts[0])
        for start in range(first, first + count, _STEP_SECTORS):
            step = min(_STEP_SECTORS, first + count - start)
            writer.write(start, read_sectors(copies[origin.copy].file, start * SECTOR + origin.shift, step))
            progress(step * SECTOR)


def mend(volume: Volume, writer: VolumeWriter, table: Table, survey: Survey, progress: Progress) -> Mended:
    """Rebuild the missing sectors of a volume that has been assembled; ``survey`` gets `MENDED` for them."""
    dealing = Dealing(table.geometry)
    beyond = []
    for group, missing in enumerate(damaged_groups(dealing, survey.missing).tolist()):
        if not missing:
            continue
        if missing > table.geometry.parity_shards or not _mend_group(volume, writer, table, survey, dealing, group):
            beyond.append(group)
        progress(table.geometry.data_shards * SECTOR)
    _mend_guards(writer, table, survey, dealing)
    return Mended(np.flatnonzero(survey.where == MENDED), beyond)


def _mend_group(
    volume: Volume, writer: VolumeWriter, table: Table, survey: Survey, dealing: Dealing, group: int
) -> bool:
    """Rebuild one group, and return whether what came of it has the sums it must have."""
    numbers, parity_numbers = dealing.data_numbers(group), dealing.parity_numbers(group)
    lost, lost_parity = _lost(survey, numbers), _lost(survey, parity_numbers)
    data = read_shards(volume, numbers)
    if len(lost):
        data[lost] = 0
        fill(data, lost, read_shards(volume, parity_numbers), lost_parity)
        if not _agrees(table, numbers[lost], data[lost]):
            return False
        write_shards(writer, numbers[lost], data[lost])
        survey.where[numbers[lost]] = MENDED
    if len(lost_parity):
        parity = encode(data, len(parity_numbers))[lost_parity]
        if not _agrees(table, parity_numbers[lost_parity], parity):
            return False
        write_shards(writer, parity_numbers[lost_parity], parity)
        survey.where[parity_numbers[lost_parity]] = MENDED
    return True


def _lost(survey: Survey, numbers: Numbers) -> NDArray[np.intp]:
    stored = numbers >= 0
    return np.flatnonzero(stored & (survey.where[np.where(stored, numbers, 0)] == NO_ORIGIN))


def _agrees(table: Table, numbers: Numbers, shards: NDArray[np.uint8]) -> bool:
    sums = sector_sums(shards.tobytes(), numbers)
    return bool((sums == table.sums[numbers]).all())


def _mend_guards(writer: VolumeWriter, table: Table, survey: Survey, dealing: Dealing) -> None:
    numbers = dealing.guard_numbers
    if (survey.where[numbers] != NO_ORIGIN).all():
        return
    for guard, sector in table.guards():
        number = int(numbers[guard])
        if survey.where[number] == NO_ORIGIN:
            writer.write(number, sector)
            survey.where[number] = MENDED
