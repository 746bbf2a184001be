"""Putting a volume together from copies, and what no copy has from parity, group by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import SECTOR

from .copies import NO_ORIGIN, Copy, Origin, Survey, damaged_groups, read_sectors, stretches
from .dealing import Dealing, Numbers
from .find import Table
from .flips import Proposals
from .patched import is_right
from .rebuild import Rebuilt, rebuild, without_parity
from .shards import write_shards
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
        For missing sectors: as many as are needed are taken in groups that miss more than they have parity, and where
        the parity confirms them. Where it cannot, or there is none, the checksum of the whole has to.

    Raises
    ------
    OSError
        The medium cannot be read or written.
    """
    dealing = Dealing(table.geometry)
    beyond: list[int] = []
    held: list[tuple[int, Rebuilt]] = []
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
    return Mended(np.flatnonzero(survey.where == MENDED), beyond)


def _write(writer: VolumeWriter, survey: Survey, rebuilt: Rebuilt) -> None:
    write_shards(writer, rebuilt.numbers, rebuilt.shards)
    survey.where[rebuilt.numbers] = MENDED


def _mend_guards(writer: VolumeWriter, table: Table, survey: Survey, dealing: Dealing) -> None:
    numbers = dealing.guard_numbers
    if (survey.where[numbers] != NO_ORIGIN).all():
        return
    for guard, sector in table.guards():
        number = int(numbers[guard])
        if survey.where[number] == NO_ORIGIN:
            writer.write(number, sector)
            survey.where[number] = MENDED
