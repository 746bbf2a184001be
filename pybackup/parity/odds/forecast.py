"""What a volume survives, from its layout alone.

A volume falls into structures that fail each on its own: the groups of the parity, and those of the guard sectors,
which tell the table of sums. A group does without as many sectors as it has parity; where there is no parity, all data
are one structure that does without none. Everything comes back exactly if each structure has enough left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import Geometry
from pybackup.parity.stream.dealing import NOWHERE, Dealing, Numbers
from pybackup.sector import SECTOR

from .chance import Counts, Scattering

Whole = NDArray[np.signedinteger[Any]]

LIKELY = 0.999
HOPELESS = 0.001


@dataclass(frozen=True)
class Structures:
    """The structures of a volume; made by `of`.

    Attributes
    ----------
    labels
        Structure of each sector, the groups of parity before those of the guard sectors: shape (sectors,).
    sizes, spare
        Sectors of each structure, and how many of them it does without: shape (structures,).
    lengths
        How many sectors from each one on may be lost in one burst, up to the end: shape (sectors,).
    """

    geometry: Geometry
    labels: Whole
    sizes: Counts
    spare: Counts
    lengths: Whole

    @classmethod
    def of(cls, geometry: Geometry) -> Structures:
        """Return those of a geometry: a few seconds and 15 bytes a sector."""
        kind = np.dtype(np.int32 if geometry.sectors < np.iinfo(np.int32).max else np.int64)
        spares = [geometry.parity_shards] * max(1, geometry.groups) + [geometry.guard_recovery] * geometry.guard_groups
        small = len(spares) < np.iinfo(np.int16).max
        labels: Whole = np.zeros(geometry.sectors, np.dtype(np.int16 if small else np.int32))
        reach: Whole = np.full(geometry.sectors, geometry.sectors, kind)
        sizes = []
        for label, (numbers, spare) in enumerate(zip(_members(geometry), spares, strict=True)):
            labels[numbers] = label
            sizes.append(len(numbers))
            # A burst from one of them up to, not including, the one too many.
            reach[numbers[: max(0, len(numbers) - spare)]] = numbers[spare:]
        np.minimum.accumulate(reach[::-1], out=reach[::-1])
        np.subtract(reach, np.arange(geometry.sectors, dtype=kind), out=reach)
        return cls(geometry, labels, np.array(sizes), np.array(spares), reach)

    @cached_property
    def scattering(self) -> Scattering:
        """Sectors lost at random."""
        return Scattering(self.sizes, self.spare)

    @cached_property
    def flipping(self) -> Scattering:
        """Sectors with one wrong byte each: their sums put them right, if there are guard sectors that tell these."""
        groups = len(self.sizes) - self.geometry.guard_groups
        return Scattering(self.sizes, np.concatenate([self.sizes[:groups], self.spare[groups:]]))

    @property
    def sectors(self) -> int:
        """Of the volume."""
        return self.geometry.sectors

    @property
    def file_sectors(self) -> int:
        """Of the protected file: all but those of a sidecar."""
        return self.geometry.before_sectors if self.geometry.sidecar else self.geometry.sectors

    def survives(self, lost: Numbers) -> bool:
        """Return whether everything comes back where these sectors are bad, each named once."""
        return bool((np.bincount(self.labels[lost], minlength=len(self.sizes)) <= self.spare).all())

    def is_guard(self, label: int) -> bool:
        """Return whether a structure is one of guard sectors."""
        return label >= len(self.sizes) - self.geometry.guard_groups

    # Bursts

    @cached_property
    def worst_burst(self) -> int:
        """The first sector of the shortest burst that is one too long; -1 where any burst is survived."""
        starts = np.flatnonzero(self.lengths < np.arange(self.geometry.sectors, 0, -1, dtype=self.lengths.dtype))
        return int(starts[np.argmin(self.lengths[starts])]) if len(starts) else -1

    @cached_property
    def longest_burst(self) -> int:
        """Sectors of the longest burst that is survived wherever it lies."""
        return int(self.lengths[self.worst_burst]) if self.worst_burst >= 0 else self.geometry.sectors

    @cached_property
    def luckiest_burst(self) -> int:
        """Sectors of the longest burst that is survived anywhere."""
        return int(self.lengths.max())

    def burst_chance(self, length: int) -> float:
        """Return the part of all places of a burst at which it is survived."""
        if length > self.geometry.sectors:
            return 0.0
        return float((self.lengths[: self.geometry.sectors - length + 1] >= length).mean())

    def left_of_burst(self, first: int, length: int) -> Numbers:
        """Return the sectors that stay bad after a burst.

        Where the table is lost all of them do; else those of the groups that miss too many.
        """
        lost = np.arange(first, min(first + length, self.geometry.sectors), dtype=np.int64)
        labels = self.labels[lost]
        failed = np.flatnonzero(np.bincount(labels, minlength=len(self.sizes)) > self.spare)
        if len(failed) and self.is_guard(int(failed[-1])):
            return lost
        return lost[np.isin(labels, failed)]

    # Ends of the file

    @cached_property
    def longest_start(self) -> int:
        """Sectors that may be lost at the start of the file."""
        return min(int(self.lengths[0]), self.file_sectors)

    @cached_property
    def longest_end(self) -> int:
        """Sectors that may be lost at the end of the file."""
        # Where the burst from a sector on may end never falls from one sector to the next.
        low, high = -1, self.file_sectors
        while high - low > 1:
            middle = (low + high) // 2
            if middle + int(self.lengths[middle]) >= self.file_sectors:
                high = middle
            else:
                low = middle
        return self.file_sectors - high

    @property
    def longest_truncation_bytes(self) -> int:
        """Bytes that may be cut off at the end of the file: its last sector may be one in part."""
        size = self.geometry.before_bytes if self.geometry.sidecar else self.geometry.volume_bytes
        return max(0, size - (self.file_sectors - self.longest_end) * SECTOR)

    @cached_property
    def longest_both(self) -> int:
        """Sectors that may be lost at both ends of the file together, half at each."""
        low, high = 0, self.file_sectors + 1
        while high - low > 1:
            middle = (low + high) // 2
            if self.survives(both_ends(self.file_sectors, middle)):
                low = middle
            else:
                high = middle
        return low

    @cached_property
    def weakest(self) -> int:
        """The structure that does without the least part of itself: the first to fail when sectors are lost at random.

        Of several alike it is the first.
        """
        return int(np.argmin(self.spare / self.sizes))


def both_ends(sectors: int, lost: int) -> Numbers:
    """Return the sectors of both ends of a file, half of ``lost`` at each."""
    first = lost // 2
    return np.concatenate([np.arange(first), np.arange(sectors - (lost - first), sectors)]).astype(np.int64)


def _members(geometry: Geometry) -> Iterator[Numbers]:
    """Yield the sectors of each structure, ascending."""
    dealing = Dealing(geometry)
    if not geometry.groups:
        yield dealing.table_numbers(0, geometry.data_sectors)
    for group in range(geometry.groups):
        data = dealing.data_numbers(group)
        yield np.sort(np.concatenate([data[data != NOWHERE], dealing.parity_numbers(group)]))
    for group in range(geometry.guard_groups):
        yield dealing.guard_numbers[group :: geometry.guard_groups]
