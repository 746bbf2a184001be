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
from .flips import NO_PROPOSALS, Proposals
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
    """Write every sector from the copy in which it is good; where there is none, from that of its neighbours.

    Parameters
    ----------
    in_place
        Sectors that are not written, since they are there: shape (sectors,). What is good nowhere is left alone then.
    """
    where = survey.where if in_place is None else _skipping(survey.where, in_place)
    sidecar = survey.geometry.before_sectors if survey.geometry.sidecar else survey.geometry.sectors
    last = Origin(0, copies[0].shifts[0])
    for first, count, number in stretches(where):
        if number == _SKIPPED:
            continue
        # What is bad lies where its neighbours lie; a sidecar is another file.
        origin = survey.origins[number] if number >= 0 else last if first < sidecar else _of_stream(survey, sidecar)
        last = origin
        for start in range(first, first + count, _STEP_SECTORS):
            step = min(_STEP_SECTORS, first + count - start)
            writer.write(start, read_sectors(copies[origin.copy].file, start * SECTOR + origin.shift, step))
            progress(step * SECTOR)


def _skipping(where: NDArray[np.int16], in_place: NDArray[np.bool_]) -> NDArray[np.int16]:
    return np.where(in_place | (where == NO_ORIGIN), np.int16(_SKIPPED), where)


def _of_stream(survey: Survey, first: int) -> Origin:
    """Where most of a sidecar lies."""
    rows = survey.where[first:]
    rows = rows[rows >= 0]
    return survey.origins[int(np.bincount(rows).argmax())] if len(rows) else Origin(0, 0)


def mend(
    volume: Volume, writer: VolumeWriter, table: Table, survey: Survey, progress: Progress, *, proposals: Proposals
) -> Mended:
    """Rebuild the missing sectors of a volume that has been assembled; ``survey`` gets `MENDED` for them.

    Parameters
    ----------
    proposals
        For missing sectors: taken in groups that miss more than they have parity, and where the parity confirms them.
    """
    dealing = Dealing(table.geometry)
    beyond = []
    for group, missing in enumerate(damaged_groups(dealing, survey.missing).tolist()):
        if not missing:
            continue
        taken = proposals if missing > table.geometry.parity_shards else NO_PROPOSALS
        if not _Group(volume, table, survey, dealing, group).mend(writer, taken):
            beyond.append(group)
        progress(table.geometry.data_shards * SECTOR)
    _mend_guards(writer, table, survey, dealing)
    return Mended(np.flatnonzero(survey.where == MENDED), beyond)


class _Group:
    """One group while it is rebuilt."""

    def __init__(self, volume: Volume, table: Table, survey: Survey, dealing: Dealing, group: int) -> None:
        self._volume, self._table, self._survey = volume, table, survey
        self._numbers, self._parity_numbers = dealing.data_numbers(group), dealing.parity_numbers(group)

    def mend(self, writer: VolumeWriter, proposals: Proposals) -> bool:
        """Rebuild and write what is missing; return False, and leave it alone, if what came of it is not right."""
        numbers, parity_numbers = self._numbers, self._parity_numbers
        lost, lost_parity = _lost(self._survey, numbers), _lost(self._survey, parity_numbers)
        proposed, rows = proposals.rows_of(numbers[lost])
        unknown = lost[~proposed]
        if len(unknown) + len(lost_parity) > len(parity_numbers):
            return False
        data = read_shards(self._volume, numbers)
        data[lost[proposed]] = proposals.data[rows]
        if len(unknown):
            data[unknown] = 0
            fill(data, unknown, read_shards(self._volume, parity_numbers), lost_parity)
            if not _agrees(self._table, numbers[unknown], data[unknown]):
                return False
        if len(lost_parity) or len(rows):
            # Parity made of a proposal that is wrong agrees with no sum.
            parity = encode(data, len(parity_numbers))
            if not _agrees(self._table, parity_numbers, parity):
                return False
            self._write(writer, parity_numbers[lost_parity], parity[lost_parity])
        self._write(writer, numbers[lost], data[lost])
        return True

    def _write(self, writer: VolumeWriter, numbers: Numbers, shards: NDArray[np.uint8]) -> None:
        write_shards(writer, numbers, shards)
        self._survey.where[numbers] = MENDED


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
