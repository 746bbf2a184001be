"""Volumes that are nowhere written: merged from copies while they are read, or with sectors replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pybackup.layout.guard import Geometry
from pybackup.parity.stream.protect import digest_of
from pybackup.parity.stream.sum_table import SumTable
from pybackup.parity.stream.volume import Sectors
from pybackup.sector import SECTOR

from .copies import Copy, Survey, read_sectors, stretches
from .rebuild import RebuiltGroup


class _Sectors:
    """A file in which each sector lies at its number times 2,048: read by whole sectors."""

    def __init__(self, geometry: Geometry, read: Callable[[int, int], bytes]) -> None:
        self.size = geometry.sectors * SECTOR
        self._read = read

    def read_at(self, offset: int, count: int) -> bytes:
        """Return ``count`` bytes from the start of a sector on."""
        return self._read(offset // SECTOR, -(-count // SECTOR))[:count]

    def read_what_is_left(self, offset: int, count: int) -> bytes:
        """Return the same."""
        return self.read_at(offset, count)


def merged(copies: Sequence[Copy], survey: Survey) -> Sectors:
    """Return a volume of which each sector is read from the copy in which it is good; zeros where there is none."""

    def read(first: int, count: int) -> bytes:
        parts = []
        for start, length, number in stretches(survey.where[first : first + count]):
            if number < 0:
                parts.append(bytes(length * SECTOR))
                continue
            origin = survey.origins[number]
            offset = (first + start) * SECTOR + origin.shift
            parts.append(read_sectors(copies[origin.copy].file, offset, length))
        return b"".join(parts)

    return Sectors(survey.geometry, _Sectors(survey.geometry, read))


def is_right(volume: Sectors, table: SumTable, patches: Sequence[RebuiltGroup]) -> bool:
    """Return whether the protected bytes are what they were, with these sectors put in.

    Raises
    ------
    OSError
        The medium cannot be read.
    """
    numbers = np.concatenate([patch.numbers for patch in patches])
    # Where the rows of each patch are: they are not copied into one array, which would need as much memory again.
    rows = [row for patch in patches for row in patch.shards]
    order = np.argsort(numbers)
    numbers = numbers[order]

    def read(first: int, count: int) -> bytes:
        data = bytearray(volume.read(first, count))
        low, high = np.searchsorted(numbers, (first, first + count)).tolist()
        for at in range(low, high):
            start = (int(numbers[at]) - first) * SECTOR
            data[start : start + SECTOR] = rows[int(order[at])].tobytes()
        return bytes(data)

    return digest_of(Sectors(volume.geometry, _Sectors(volume.geometry, read)), progress=_silent) == table.digest


def _silent(count: int) -> None:
    """Progress that nobody sees."""
