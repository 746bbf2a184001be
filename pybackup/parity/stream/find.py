"""Finding the guard sectors of a volume in copies of it, whatever is left of them and wherever they have moved."""

from __future__ import annotations

import contextlib
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from pybackup.errors import FormatError
from pybackup.layout.guard import MAGIC, Geometry, GuardSector
from pybackup.sector import SECTOR

from .dealing import Dealing
from .volume import Readable

_TAIL_BYTES = 1 << 20
_CHUNK_BYTES = 4 << 20
# Three and a quarter of the table, and a few more: see `geometry`.
_GUARDS_FOR_SECTORS = 16
# With less of a volume left there is nothing to compute with.
_SECTORS_FOR_SECTORS = 16
_MAX_SHIFTS = 16


@dataclass(slots=True)
class FoundGuards:
    """The guard sectors of one volume: those of all copies together.

    Attributes
    ----------
    payloads
        By the number of the guard sector: no more of each guard group than tell the table, for the sake of memory.
    spare
        CRC-32 of the other payloads.
    shifts
        Of each copy, by its number: where its sectors seem to lie.
    """

    geometry: Geometry
    digest: bytes
    payloads: dict[int, bytes] = field(default_factory=dict)
    spare: dict[int, int] = field(default_factory=dict)
    shifts: dict[int, list[int]] = field(default_factory=dict)
    _kept: list[int] = field(default_factory=list)

    def add(self, guard: GuardSector) -> None:
        """Take one more of its guard sectors."""
        number, groups = guard.number, self.geometry.guard_groups
        if not self._kept:
            self._kept = [0] * groups
        if number in self.payloads:
            self.payloads[number] = guard.payload
        elif self._kept[number % groups] < self.geometry.table_shards:
            self._kept[number % groups] += 1
            self.payloads[number] = guard.payload
        else:
            self.spare[number] = zlib.crc32(guard.payload)

    def release(self) -> None:
        """Keep of the payloads no more than their CRCs."""
        self.spare.update((number, zlib.crc32(payload)) for number, payload in self.payloads.items())
        self.payloads.clear()

    def contradicts(self, number: int, payload: bytes) -> bool:
        """Return whether another payload of that guard sector was found than its table comes to."""
        return number in self.spare and self.spare[number] != zlib.crc32(payload)

    @property
    def is_enough(self) -> bool:
        """Whether the table can be told."""
        groups, shards = self.geometry.guard_groups, self.geometry.table_shards
        if len(self.payloads) < groups * shards:
            return False
        counts = np.bincount([number % groups for number in self.payloads], minlength=groups)
        return bool((counts >= shards).all())


def glance(file: Readable, *, protected: Readable | None = None) -> Geometry | None:
    """Return the geometry that the guard sectors in the last MiB of a file tell, the largest of several.

    What no file of that length has anything to do with is forged, and not returned: who computes with a geometry takes
    memory in proportion to its sectors.

    Parameters
    ----------
    protected
        The file that this one is to be the sidecar of.
    """
    found = mark_of(file, protected=protected)
    return found[0] if found else None


def mark_of(file: Readable, *, protected: Readable | None = None) -> tuple[Geometry, bytes] | None:
    """Return geometry and digest of the largest volume that guard sectors in the last MiB of a file tell of.

    Which are left out, and ``protected``: as in `glance`.
    """
    guards = scan_guards(file, max(0, file.size - _TAIL_BYTES), file.size)
    marks = {(guard.geometry, guard.digest) for _, guard in guards if _may_be_of(guard.geometry, file, protected)}
    return max(marks, key=lambda mark: (mark[0].volume_bytes, mark[1]), default=None)


def _may_be_of(shape: Geometry, file: Readable, protected: Readable | None) -> bool:
    """Whether a file may be what is left of a volume, or of its sidecar."""
    if not shape.sidecar:
        return shape.sectors <= _most_sectors(file)
    if protected is not None and shape.before_sectors > _most_sectors(protected):
        return False
    return shape.stream_sectors <= _most_sectors(file)


def _most_sectors(file: Readable) -> int:
    return _SECTORS_FOR_SECTORS * -(-file.size // SECTOR)


def find(files: Sequence[Readable]) -> FoundGuards | None:
    """Return the first volume that a `GuardSearch` finds; None where nothing of a guard is left."""
    return next(iter(GuardSearch(files).volumes), None)


class GuardSearch:
    """One search of files for guard sectors: what their ends lead to, and all of them where that is not enough.

    Attributes
    ----------
    volumes
        Those that the files may be copies of, likely ones first. There are several for an archive with parity in an
        image with parity, or where the sidecar of an earlier file is left: the largest comes first, then that with the
        most guard sectors. Where the table of one is whole, those of which too little is left are not named.
    """

    def __init__(self, files: Sequence[Readable]) -> None:
        self._files = files
        self._by_all: list[FoundGuards] | None = None
        search = self._begun()
        for number, file in enumerate(files):
            search.collect(number, search.led_to(file))
        self.volumes = search.volumes()
        if not self.volumes or not self.volumes[0].is_enough or not _explains(self.volumes[0], files):
            self.volumes = self._by_all = self._read(search)

    def thorough(self) -> list[FoundGuards]:
        """Return the volumes that are found where all of the files are read, which is done once at most."""
        if self._by_all is None:
            self._by_all = self._read(self._begun())
        return self._by_all

    def _begun(self) -> _Search:
        return _Search(sum(file.size for file in self._files) // SECTOR)

    def _read(self, search: _Search) -> list[FoundGuards]:
        for number, file in enumerate(self._files):
            search.collect(number, scan_guards(file, 0, file.size))
        return search.volumes()


def _explains(found: FoundGuards, files: Sequence[Readable]) -> bool:
    """Whether the guards are in their place in all files; else the volume may be a part of a larger one."""
    stream_shift = -found.geometry.before_sectors * SECTOR
    for number, file in enumerate(files):
        shifts = found.shifts.get(number)
        if not shifts and not found.geometry.sidecar and file.size:
            return False
        if shifts and shifts[0] != (stream_shift if found.geometry.sidecar else 0):
            return False
    return True


class _Search:
    """The volumes of which guard sectors were found.

    Parameters
    ----------
    sectors
        That all files have: a geometry with many times more guard sectors is forged, or too little is left of it.
    """

    def __init__(self, sectors: int) -> None:
        self._most = _GUARDS_FOR_SECTORS * sectors
        self._volumes: dict[tuple[Geometry, bytes], FoundGuards] = {}

    def volumes(self) -> list[FoundGuards]:
        """The largest first; only those whose table is whole, if there are any."""
        found = sorted(self._volumes.values(), key=_rank, reverse=True)
        enough = bool(found) and found[0].is_enough
        return [volume for volume in found if volume.is_enough == enough]

    def collect(self, number: int, guards: Iterator[tuple[int, GuardSector]]) -> None:
        """Take the guard sectors found in file ``number``, each with its offset."""
        places: dict[tuple[Geometry, bytes], list[tuple[int, int]]] = {}
        for offset, guard in guards:
            if guard.geometry.guard_sectors <= self._most:
                key = (guard.geometry, guard.digest)
                self._volumes.setdefault(key, FoundGuards(*key)).add(guard)
                places.setdefault(key, []).append((offset, guard.number))
        for key, pairs in places.items():
            offsets, numbers = np.array(pairs, np.int64).T
            sectors = Dealing(key[0]).numbers_of_guards(numbers)
            shifts = _likely_shifts(list(zip(offsets.tolist(), sectors.tolist(), strict=True)))
            self._volumes[key].shifts[number] = shifts

    def led_to(self, file: Readable) -> Iterator[tuple[int, GuardSector]]:
        """The guard sectors that the last one of a file leads to."""
        *_, last = (None, *scan_guards(file, max(0, file.size - _TAIL_BYTES), file.size))
        if last is None or last[1].geometry.guard_sectors > self._most:
            return
        at, guard = last
        numbers = Dealing(guard.geometry).guard_numbers * SECTOR
        for offset in (numbers + at - numbers[guard.number]).tolist():
            with contextlib.suppress(FormatError):
                data = file.read_what_is_left(offset, SECTOR) if offset >= 0 else b""
                yield offset, GuardSector.unpack(data.ljust(SECTOR, b"\0"))


def _rank(found: FoundGuards) -> tuple[bool, int, int]:
    return found.is_enough, found.geometry.volume_bytes, len(found.payloads) + len(found.spare)


def scan_guards(file: Readable, start: int, end: int) -> Iterator[tuple[int, GuardSector]]:
    """Yield offset and guard sector for each that starts at any byte of ``[start, end)``."""
    for at in range(start, end, _CHUNK_BYTES):
        stop = min(at + _CHUNK_BYTES, end)
        data = file.read_what_is_left(at, stop - at + SECTOR - 1)
        found = data.find(MAGIC)
        while 0 <= found < stop - at:
            try:
                # The last sector may be cut where its payload ends with zeros.
                guard = GuardSector.unpack(data[found : found + SECTOR].ljust(SECTOR, b"\0"))
            except FormatError:
                step = len(MAGIC)
            else:
                yield at + found, guard
                step = SECTOR
            found = data.find(MAGIC, found + step)


def _likely_shifts(offsets: Sequence[tuple[int, int]]) -> list[int]:
    """The shifts that (offset, sector) pairs tell, the most frequent first."""
    counts = Counter(offset - sector * SECTOR for offset, sector in offsets)
    return [shift for shift, _ in counts.most_common(_MAX_SHIFTS)]
