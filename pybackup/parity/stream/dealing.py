"""Which sector is which shard: data and parity dealt over the groups, guard sectors among them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import Geometry

Numbers = NDArray[np.int64]
NOWHERE = -1


@dataclass(frozen=True)
class Dealing:
    """The sector numbers of a geometry, see FORMAT.md, "Volume parity"."""

    geometry: Geometry

    def dealt(self, group: int) -> Numbers:
        """Return as which of all data sectors, from 0, each data shard of ``group`` is dealt; ascending."""
        shape = self.geometry
        shards = np.arange(shape.data_shards, dtype=np.int64)
        return (shards // shape.run * shape.groups + group) * shape.run + shards % shape.run

    def data_numbers(self, group: int) -> Numbers:
        """Return the sector of each data shard of ``group``, `NOWHERE` for shards of zeros that are not stored."""
        shape, index = self.geometry, self.dealt(group)
        row = index + shape.origin
        row -= np.where(row < shape.data_sectors, 0, shape.data_sectors)
        return np.where(index < shape.data_sectors, self._data_sector(row), NOWHERE)

    def parity_numbers(self, group: int) -> Numbers:
        """Return the sector of each parity shard of ``group``."""
        shape = self.geometry
        shards = np.arange(shape.parity_shards, dtype=np.int64)
        row = shards // shape.run
        width = np.minimum(shape.run, shape.parity_shards - row * shape.run)
        return self._parity_sector(row * shape.run * shape.groups + group * width + shards % shape.run)

    @cached_property
    def guard_numbers(self) -> Numbers:
        """Return the sector of each guard sector, by its own number."""
        return self.numbers_of_guards(np.arange(self.geometry.guard_sectors, dtype=np.int64))

    def numbers_of_guards(self, guards: Numbers) -> Numbers:
        """Return the sectors of some guard sectors."""
        shape = self.geometry
        return shape.before_sectors + guards + self._parity_before(guards - shape.front + 1)

    def table_numbers(self, first: int, last: int) -> Numbers:
        """Return the sectors of the rows ``first`` to ``last`` (not included) of the table."""
        rows = np.arange(first, last, dtype=np.int64)
        data = self.geometry.data_sectors
        return np.where(rows < data, self._data_sector(rows), self._parity_sector(rows - data))

    def table_rows(self, numbers: Numbers) -> Numbers:
        """Return the row of the table of each sector, `NOWHERE` for guard sectors."""
        shape = self.geometry
        start, end = shape.before_sectors, shape.before_sectors + shape.stream_sectors
        index = np.where(numbers < start, numbers, numbers - shape.stream_sectors)
        in_stream = (numbers >= start) & (numbers < end)
        return np.where(in_stream, self._parity_row(numbers - start), index)

    def groups_of(self, rows: Numbers) -> Numbers:
        """Return the group of each row of the table."""
        shape = self.geometry
        of_data = (rows - shape.origin) % shape.data_sectors // shape.run % shape.groups
        parity = rows - shape.data_sectors
        row_sectors = shape.run * shape.groups
        row = parity // row_sectors
        width = np.maximum(1, np.minimum(shape.run, shape.parity_shards - row * shape.run))
        return np.where(parity < 0, of_data, (parity - row * row_sectors) // width)

    @cached_property
    def _spread_after(self) -> Numbers:
        """How many parity sectors stand before each of the guard sectors that are spread among them."""
        return self._parity_before(np.arange(1, self.geometry.spread + 1, dtype=np.int64))

    def _parity_before(self, nth: Numbers) -> Numbers:
        """How many stand before the n-th that is spread, counted from 1: none from 0 down, all beyond the last."""
        shape = self.geometry
        return np.clip(nth, 0, shape.spread + 1) * shape.parity_sectors // (shape.spread + 1)

    def _data_sector(self, index: Numbers) -> Numbers:
        shape = self.geometry
        return index + np.where(index < shape.before_sectors, 0, shape.stream_sectors)

    def _parity_sector(self, position: Numbers) -> Numbers:
        shape = self.geometry
        before = np.searchsorted(self._spread_after, position, side="right")
        return shape.before_sectors + shape.front + position + before

    def _parity_row(self, position: Numbers) -> Numbers:
        """The row of the table of what stands at a position of the stream."""
        shape = self.geometry
        inner = position - shape.front
        guards = self._spread_after + np.arange(shape.spread)
        before = np.searchsorted(guards, inner, side="left")
        at = np.minimum(before, max(0, shape.spread - 1))
        is_guard = (inner < 0) | (inner >= shape.spread + shape.parity_sectors)
        if shape.spread:
            is_guard |= (before < shape.spread) & (guards[at] == inner)
        return np.where(is_guard, NOWHERE, shape.data_sectors + inner - before)


def runs(numbers: Numbers) -> list[tuple[int, int, int]]:
    """Return stretches of consecutive ``numbers`` as (index, first number, length); `NOWHERE` is left out."""
    if not len(numbers):
        return []
    # Sector 0 is no neighbour of `NOWHERE`.
    starts = np.flatnonzero((np.diff(numbers, prepend=numbers[0] - 2) != 1) | (numbers == 0))
    lengths = np.diff(starts, append=len(numbers))
    firsts = numbers[starts]
    return [
        (index, first, length)
        for index, first, length in zip(starts.tolist(), firsts.tolist(), lengths.tolist(), strict=True)
        if first != NOWHERE
    ]
