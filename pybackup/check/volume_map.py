"""The map of a volume: the content and the condition of each sector, and the places of files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import Geometry
from pybackup.mend.health import Health
from pybackup.model.extents import Extents
from pybackup.parity.stream.dealing import Dealing, runs
from pybackup.sector import SECTOR

from .file_map import Places

Numbers = NDArray[np.int64]


class MapPart(IntEnum):
    """The kind of content of a sector."""

    DATA = 0
    PARITY = 1
    CHECKSUMS = 2


class Condition(IntEnum):
    """The condition of a sector, best first.

    `MENDABLE` is bad, but can be rebuilt; `SUSPECT` belongs to a damaged file, while the sector itself has no checksum;
    `BAD` is bad, and cannot be rebuilt.
    """

    GOOD = 0
    REPAIRED = 1
    MENDABLE = 2
    SUSPECT = 3
    BAD = 4


@dataclass(frozen=True, slots=True)
class Touched:
    """A file that has bad sectors.

    Attributes
    ----------
    ranges
        Its byte ranges in the volume.
    sectors
        The number of sectors that have any of it.
    bad, lost
        How many of them are bad, and how many of these cannot be rebuilt.
    wanted
        Its byte ranges in bad sectors.
    """

    path: bytes
    ranges: Extents
    sectors: int
    bad: int
    lost: int
    wanted: Extents


@dataclass(frozen=True, slots=True)
class VolumeMap:
    """The sectors of a volume.

    Attributes
    ----------
    n_bytes
        The length of the file that is shown, and of its sidecar if it has one.
    parts, conditions
        A `MapPart` and a `Condition` for each sector: shape (sectors,).
    edges
        Sectors where another part starts: the stream, its guard sectors, the bytes after it.
    sidecar
        The first sector in the sidecar; None if there is none.
    """

    n_bytes: int
    parts: NDArray[np.uint8]
    conditions: NDArray[np.uint8]
    places: Places
    edges: tuple[int, ...] = ()
    sidecar: int | None = None

    @property
    def sectors(self) -> int:
        """The number of sectors."""
        return len(self.conditions)

    def in_sidecar(self, sector: int) -> bool:
        """Return whether a sector is in the sidecar."""
        return self.sidecar is not None and sector >= self.sidecar

    def byte_range(self, first: int, count: int) -> tuple[int, int]:
        """Return the byte range of ``count`` sectors in their file."""
        skipped = self.sidecar if self.sidecar is not None and first >= self.sidecar else 0
        return (first - skipped) * SECTOR, (first - skipped + count) * SECTOR

    def stretches(self) -> Numbers:
        """Return runs of sectors with the same bad condition: first sector, number, condition; shape (runs, 3)."""
        change = np.flatnonzero(np.diff(self.conditions, prepend=self.conditions[:1] ^ 0xFF))
        lengths = np.diff(change, append=self.sectors)
        found = np.stack([change, lengths, self.conditions[change]], axis=1)
        kept: Numbers = found[found[:, 2] != Condition.GOOD]
        return kept

    def touched(self) -> tuple[Numbers, int]:
        """Return the rows of the files with bad sectors, and how many of them have some that cannot be rebuilt.

        Those come first; both kinds are in the order of their places.
        """
        lost = self._touching(Condition.SUSPECT)
        bad = self._touching(Condition.MENDABLE) & ~lost
        rows = np.concatenate([self.places.rows[lost], self.places.rows[bad]])
        _, first = np.unique(rows, return_index=True)
        return rows[np.sort(first)], int((first < lost.sum()).sum())

    def describe(self, rows: Iterable[int]) -> Iterator[Touched]:
        """Yield the bad sectors of each of these files."""
        places = self.places
        order = np.argsort(places.rows, kind="stable")
        firsts = np.searchsorted(places.rows[order], np.arange(len(places.paths) + 1))
        for row in rows:
            mine = order[firsts[row] : firsts[row + 1]]
            ranges = Extents.of(zip(places.starts[mine].tolist(), places.ends[mine].tolist(), strict=True))
            yield self._touched(places.paths[row], ranges)

    def _touched(self, path: bytes, ranges: Extents) -> Touched:
        within = Extents.of((start // SECTOR, -(-end // SECTOR)) for start, end in ranges)
        found = [self.conditions[start:end] for start, end in within]
        bad = [
            ((start + first) * SECTOR, (start + first + count) * SECTOR)
            for (start, _), part in zip(within, found, strict=True)
            for _, first, count in runs(np.flatnonzero(part >= Condition.MENDABLE))
        ]
        wanted = Extents.of(extent for low, high in bad for extent in ranges.within(low, high))
        return Touched(
            path,
            ranges,
            within.n_bytes,
            sum(int((part >= Condition.MENDABLE).sum()) for part in found),
            sum(int((part >= Condition.SUSPECT).sum()) for part in found),
            wanted,
        )

    def _touching(self, condition: Condition) -> NDArray[np.bool_]:
        """Return which ranges have a sector in that condition, or a worse one."""
        numbers = np.flatnonzero(self.conditions >= condition)
        before = np.searchsorted(numbers, self.places.starts // SECTOR, side="left")
        behind = np.searchsorted(numbers, -(-self.places.ends // SECTOR), side="left")
        found: NDArray[np.bool_] = behind > before
        return found


def map_volume(
    places: Places,
    n_bytes: int,
    *,
    health: Health | None = None,
    repaired: Extents | None = None,
    suspect: Extents | None = None,
) -> VolumeMap:
    """Return the map of a volume.

    Parameters
    ----------
    n_bytes
        The length of the file.
    health
        The state by the checksums of its sectors; if None, sectors are good or suspect.
    repaired
        Byte ranges that were bad and have been repaired.
    suspect
        Byte ranges in which something is wrong; used if there are no checksums.
    """
    if health is not None:
        shape = health.geometry
        total = shape.before_bytes + shape.after_bytes if shape.sidecar else shape.volume_bytes
        parts, conditions = _parts(shape), _conditions(health)
        edges, sidecar = _edges(shape), shape.before_sectors if shape.sidecar else None
    else:
        total, edges, sidecar = n_bytes, (), None
        parts = np.zeros(-(-n_bytes // SECTOR), np.uint8)
        conditions = np.zeros(len(parts), np.uint8)
        _mark(conditions, suspect or Extents(), Condition.SUSPECT)
    _mark(conditions[:sidecar], repaired or Extents(), Condition.REPAIRED)
    return VolumeMap(total, parts, conditions, places, edges, sidecar)


def mendable(places: Places, health: Health, damaged: Collection[bytes]) -> list[bytes]:
    """Return those of the damaged files of which every bad sector can be rebuilt, though others of the volume cannot.

    Parameters
    ----------
    places
        The places of files in the protected file.
    """
    found, n_lost = map_volume(places, 0, health=health).touched()
    rebuilt = {places.paths[row] for row in found[n_lost:].tolist()}
    return [path for path in damaged if path in rebuilt]


def _mark(conditions: NDArray[np.uint8], extents: Extents, condition: Condition) -> None:
    for start, end in extents:
        conditions[start // SECTOR : -(-end // SECTOR)] = condition


def _edges(shape: Geometry) -> tuple[int, ...]:
    start, end = shape.before_sectors, shape.before_sectors + shape.stream_sectors
    edges = (start, start + shape.front, end - shape.back, end)
    return tuple(sorted({edge for edge in edges if 0 < edge < shape.sectors}))


def _parts(shape: Geometry) -> NDArray[np.uint8]:
    parts = np.zeros(shape.sectors, np.uint8)
    parts[shape.before_sectors : shape.before_sectors + shape.stream_sectors] = MapPart.PARITY
    parts[Dealing(shape).guard_numbers] = MapPart.CHECKSUMS
    return parts


def _conditions(health: Health) -> NDArray[np.uint8]:
    """Return the conditions: sectors of a group beyond repair are bad; guard sectors are rebuilt from each other."""
    shape, dealing = health.geometry, Dealing(health.geometry)
    conditions = np.zeros(shape.sectors, np.uint8)
    numbers = np.flatnonzero(health.bad)
    rows = dealing.table_rows(numbers)
    covered = rows >= 0
    conditions[numbers] = Condition.MENDABLE
    if not shape.groups:
        conditions[numbers[covered]] = Condition.BAD
    elif health.beyond:
        beyond = health.missing[dealing.groups_of(rows[covered])] > shape.parity_shards
        conditions[numbers[covered][beyond]] = Condition.BAD
    return conditions
