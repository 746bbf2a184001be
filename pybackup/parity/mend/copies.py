"""Copies of a volume: which sectors are good in which of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import Geometry
from pybackup.layout.sums import sector_sums
from pybackup.model.extents import Extents
from pybackup.parity.stream.dealing import Dealing, Numbers, runs
from pybackup.parity.stream.volume import Readable
from pybackup.sector import SECTOR

NO_ORIGIN = -1
_STEP_SECTORS = 1024
_MAX_ORIGINS = (1 << 15) - 1
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a volume, or a piece of one.

    Attributes
    ----------
    unread
        What the drive did not give, as its map says.
    avoid
        What is not read at all: of a drive what it did not give before, which costs it hours, or its life.
    shifts
        Where sector n may lie, as offset minus n * 2048: likely ones, best first.
    """

    file: Readable
    unread: Extents = field(default_factory=Extents)
    shifts: Sequence[int] = (0,)
    avoid: Extents = field(default_factory=Extents)


@dataclass(frozen=True, slots=True)
class Origin:
    """A copy, and how far its sectors are from their place."""

    copy: int
    shift: int


@dataclass(slots=True)
class Survey:
    """Where each sector of a volume is good.

    Attributes
    ----------
    sums
        Expected, one a sector, guard sectors included: shape (sectors,).
    where
        Row of ``origins`` for each sector, `NO_ORIGIN` where it is good nowhere: shape (sectors,).
    """

    geometry: Geometry
    sums: NDArray[np.uint32]
    where: NDArray[np.int16]
    origins: list[Origin] = field(default_factory=list)
    _rows: dict[Origin, int] = field(default_factory=dict)

    @classmethod
    def of(cls, geometry: Geometry, sums: NDArray[np.uint32]) -> Survey:
        """Return a survey in which nothing is known to be good."""
        return cls(geometry, sums, np.full(geometry.sectors, NO_ORIGIN, np.int16))

    @property
    def missing(self) -> Numbers:
        """Sectors that are good nowhere, ascending."""
        return np.flatnonzero(self.where == NO_ORIGIN)

    def look(self, number: int, copy: Copy, shift: int, progress: Progress, *, first: int = 0, count: int = -1) -> int:
        """Look for missing sectors in a copy, each at its place plus ``shift``; return how many are good.

        Parameters
        ----------
        number
            Of the copy.
        first, count
            Only these sectors; all by default.
        """
        end = self.geometry.sectors if count < 0 else min(first + count, self.geometry.sectors)
        low = max(first, -(shift // SECTOR), 0)
        high = min(end, -(-(copy.file.size - shift) // SECTOR))
        origin = self._origin(number, shift)
        found = 0
        for start in range(low, high, _STEP_SECTORS):
            stop = min(start + _STEP_SECTORS, high)
            wanted = start + np.flatnonzero(self.where[start:stop] == NO_ORIGIN)
            if copy.avoid.within(start * SECTOR + shift, stop * SECTOR + shift):
                offsets: list[int] = (wanted * SECTOR + shift).tolist()
                kept = [not copy.avoid.within(offset, offset + SECTOR) for offset in offsets]
                wanted = wanted[np.array(kept, bool)]
            for index, at, length in runs(wanted):
                data = _filled_up(self.geometry, at, read_sectors(copy.file, at * SECTOR + shift, length))
                numbers = wanted[index : index + length]
                good = numbers[sector_sums(data, numbers) == self.sums[numbers]]
                self.where[good] = origin
                found += len(good)
            progress((stop - start) * SECTOR)
        return found

    def recognises(self, copy: Copy, shift: int, numbers: Numbers) -> bool:
        """Return whether any of the sectors ``numbers`` is good in a copy, each at its place plus ``shift``."""
        for number in numbers.tolist():
            data = read_sectors(copy.file, number * SECTOR + shift, 1)
            if any(data) and sector_sums(data, np.array([number]))[0] == self.sums[number]:
                return True
        return False

    def _origin(self, copy: int, shift: int) -> int:
        """The row of an origin; `NO_ORIGIN` where there are more than any mishap makes: a copy that was shuffled."""
        origin = Origin(copy, shift)
        if origin not in self._rows and len(self.origins) < _MAX_ORIGINS:
            self._rows[origin] = len(self.origins)
            self.origins.append(origin)
        return self._rows.get(origin, NO_ORIGIN)


def read_sectors(file: Readable, offset: int, count: int) -> bytes:
    """Return ``count`` sectors; zeros for what is outside of the file."""
    before = min(max(0, -offset), count * SECTOR)
    data = bytes(before) + file.read_what_is_left(offset + before, count * SECTOR - before)
    return data + bytes(count * SECTOR - len(data)) if len(data) < count * SECTOR else data


def _filled_up(geometry: Geometry, first: int, data: bytes) -> bytes:
    """Return sectors with zeros behind the protected bytes, whatever follows them in the file."""
    ends = (
        (geometry.before_sectors - 1, geometry.before_bytes % SECTOR),
        (geometry.sectors - 1, geometry.after_bytes % SECTOR),
    )
    for number, n_bytes in ends:
        at = (number - first) * SECTOR
        if n_bytes and 0 <= at < len(data):
            data = data[: at + n_bytes] + bytes(SECTOR - n_bytes) + data[at + SECTOR :]
    return data


def damaged_groups(dealing: Dealing, missing: Numbers) -> NDArray[np.int64]:
    """Return how many shards each group misses, data and parity: shape (groups,), empty without parity."""
    if not dealing.geometry.groups:
        return np.zeros(0, np.int64)
    rows = dealing.table_rows(missing)
    rows = rows[rows >= 0]
    return np.bincount(dealing.groups_of(rows), minlength=dealing.geometry.groups)


def stretches(where: NDArray[np.int16]) -> Iterator[tuple[int, int, int]]:
    """Yield (first sector, how many, origin) of neighbours with one origin."""
    if not len(where):
        return
    starts = np.flatnonzero(np.diff(where, prepend=where[0] - 1))
    ends = np.append(starts[1:], len(where))
    yield from zip(starts.tolist(), (ends - starts).tolist(), where[starts].tolist(), strict=True)
