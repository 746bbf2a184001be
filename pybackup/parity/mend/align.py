"""Lay a copy that lost or gained bytes over the sectors of its volume.

The copy is walked through once. While sectors fit at the current shift (sector n begins at byte 2,048 * n + shift) they
are summed in bulk. Where they cease to fit for more than one sector, that gap is looked through: window by window for
the content of any sector, and at the shifts that held before. A sector found at another shift makes that the current
one; if there is none, the gap is damage and the walk goes on behind it. No byte is looked at more often than a few
times, so the cost is linear: about 2 GB/s where sectors fit, 40 MB/s where nothing does.

What is taken for found, its sum of 32 bits being right in any case:

- At a shift that is known: every sector, even a lone one. Known are the last few that were found, and at first 0.
- A new shift: only if several *anchors* near each other agree on it. An anchor is a sector whose content is unlike that
  of all other sectors and is more than one byte repeated; a zero-filled copy would agree with too much otherwise. How
  many anchors must agree follows from the chance that a foreign copy has as many by accident, see `_needed_anchors`.

So a run of three anchors that lies in the copy is found wherever it lies. What fits is not looked through again for
sectors that other sectors' bytes happen to hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from pybackup.layout.sums import Numbers, Sums, sector_sums, window_crcs
from pybackup.model.extents import Extents
from pybackup.sector import SECTOR

from .anchors import KnownSectors

ReadAt = Callable[[int, int], bytes]

_REACH = 4
"""How many sectors to each side are asked whether they agree on a shift."""

_NEIGHBOURS = np.array([*range(-_REACH, 0), *range(1, _REACH + 1)])

_CANDIDATES = 256
"""Windows whose neighbours are asked at a time."""

_FIRST_STEP, _LAST_STEP = 16, 1024
"""Sectors summed at a time: few behind a gap, twice as many with each step that leads on."""

_FIRST_BLOCK, _LAST_BLOCK = 1 << 12, 1 << 18
"""Windows looked through at a time: growing as well, for mostly the new shift shows at once."""

_AHEAD, _MOST_AHEAD = 1 << 17, 1 << 20
"""Bytes whose windows are summed at a time: in a copy of many pieces the next new shift is not far."""

_KNOWN_SHIFTS = 4
"""So many shifts are remembered. Each is one more look at what is damaged, at the speed of `sector_sums`."""


@dataclass(frozen=True)
class Stretch:
    """A run of sectors in a copy.

    From ``copy_offset`` on, the copy's bytes are those of ``sectors`` sectors with consecutive numbers, the first of
    them ``first_sector``. The last one may go on beyond the end of the copy: zeros are missing there.
    """

    copy_offset: int
    first_sector: int
    sectors: int


def align(
    read_at: ReadAt,
    size: int,
    numbers: Numbers,
    sums: Sums,
    *,
    unread: Extents = Extents(),  # noqa: B008 - a frozen value
    progress: Callable[[int], None] = lambda n_bytes: None,
) -> list[Stretch]:
    """Find the sectors of a volume in a copy.

    Give all sums that are known, even if few sectors are missing: what fits costs little, and by its neighbours a
    sector is told from an accident.

    Parameters
    ----------
    read_at
        Returns so many bytes of the copy (second argument) from an offset (first) on; fewer at its end.
    size
        Bytes of the copy. It is taken to go on with zeros, as the last sector of a volume is padded with them.
    numbers, sums
        Shape (n,): the sectors that are known, ascending, with gaps where some are not, and their sums.
    unread
        Bytes of the copy that are never asked for and belong to no sector found.
    progress
        Called with how many more bytes of the copy are done.

    Returns
    -------
    list[Stretch]
        By their offsets, each as long as can be. The sums of all their sectors are right. A sector may be found at
        several places, and stretches may overlap where the same bytes serve both (zeros, mostly).

    Raises
    ------
    OSError
        Whatever ``read_at`` raises: what cannot be read belongs into ``unread``.
    """
    if not len(numbers):
        progress(size)
        return []
    walk = _Walk(_Copy(read_at, size), KnownSectors(numbers, sums), _needed_anchors(size, len(numbers)))
    done = 0
    for start, end in unread.gaps(0, size):
        # Windows may begin at the last byte of the copy, and zeros follow it.
        bound = end + SECTOR - 1 if end == size else end
        for at in walk.through(start, bound):
            reached = max(done, min(at, end))
            progress(reached - done)
            done = reached
    progress(size - done)
    return walk.stretches()


def _needed_anchors(size: int, n_sectors: int) -> int:
    """Return how many anchors must agree on a shift.

    A window of a foreign copy has the CRC of a given sector once in 2**32 times, and there are ``size * n_sectors``
    pairs of them; each of the other sectors within reach agrees once in 2**32 times, too. Two suffice up to volumes of
    some hundred MB, three for all that are in use: the chance of one accident in a whole copy stays below 2**-16.
    """
    needed = 2
    chance = size * n_sectors * 2 * _REACH / 2**64
    while chance > 2**-16:
        needed += 1
        chance *= 2 * _REACH / 2**32
    return needed


@dataclass
class _Copy:
    """The bytes of a copy, zeros behind its end; what was read last is kept, as it is often asked for again."""

    read_at: ReadAt
    size: int
    _data: tuple[int, bytes] = (0, b"")
    _windows: tuple[int, Sums] = (0, np.empty(0, np.uint32))

    def between(self, start: int, end: int) -> memoryview:
        """Return the bytes from ``start`` to ``end``."""
        first, data = self._data
        if not first <= start <= end <= first + len(data):
            known = self.read_at(start, max(0, min(end, self.size) - start))
            first, data = self._data = start, known.ljust(end - start, b"\0")
        return memoryview(data)[start - first : end - first]

    def windows(self, start: int, end: int, bound: int) -> Sums:
        """Return the CRCs of all windows from ``start`` to ``end``; up to ``bound`` more may be looked at."""
        first, crcs = self._windows
        n_windows = max(0, end - start - SECTOR + 1)
        if not first <= start <= start + n_windows <= first + len(crcs):
            kept = crcs[start - first :] if first <= start else crcs[:0]
            known = start + len(kept)
            # Who asks for more of them will go on to do so.
            ahead = min(2 * len(crcs), _MOST_AHEAD) if len(kept) else _AHEAD
            fresh = window_crcs(self.between(known, min(max(end, known + ahead), bound)))
            first, crcs = self._windows = start, np.concatenate([kept, fresh])
        return crcs[start - first : start - first + n_windows]


@dataclass
class _Walk:
    """One way through a copy, readable part by readable part, and what was found on it."""

    copy: _Copy
    sectors: KnownSectors
    needed: int
    _shifts: list[int] = field(default_factory=lambda: [0])  # those that are known, the current one first
    _found: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))  # by shift
    _start: int = 0  # of the readable part
    _end: int = 0
    _taken: int = 0  # where what was found last ends

    def through(self, start: int, end: int) -> Iterator[int]:
        """Walk through a readable part; yield how far it is done."""
        self._start, self._end, self._taken = start, end, start
        at, step, last = start, _FIRST_STEP, end - SECTOR + 1
        while at < last:
            bound = min(at + step * SECTOR, last)
            at, gap_end = self._follow(at, bound)
            step = min(2 * step, _LAST_STEP) if gap_end == bound else _FIRST_STEP
            if gap_end - at > SECTOR:
                moved = self._elsewhere(at, gap_end)
                at = gap_end if moved is None else self._turn(*moved)
                step = step if moved is None else _FIRST_STEP
            elif bound == last:
                break
            yield at

    def stretches(self) -> list[Stretch]:
        """Return all that was found."""
        found = (
            Stretch(start, (start - shift) // SECTOR, (end - start) // SECTOR)
            for shift, ranges in self._found.items()
            for start, end in Extents.of(ranges)
        )
        return sorted(found, key=lambda stretch: (stretch.copy_offset, stretch.first_sector))

    def _follow(self, at: int, bound: int) -> tuple[int, int]:
        """Take what fits at the current shift, up to the first gap of more than a sector; return this gap."""
        shift = self._shifts[0]
        offsets, _ = self._fitting(shift, at, bound)
        ends, starts = np.append(at, offsets + SECTOR), np.append(offsets, bound)
        wide = np.flatnonzero(starts - ends > SECTOR)
        n_taken = int(wide[0]) if wide.size else len(offsets)
        self._take(shift, offsets[:n_taken])
        return int(ends[n_taken]), int(starts[n_taken])

    def _elsewhere(self, at: int, bound: int) -> tuple[int, int] | None:
        """Return where the first sector at another shift begins in a gap, and the shift."""
        # What fitted may end with bytes that the next sector begins with, if bytes between them were lost.
        low = max(self._start, at - SECTOR + 1)
        block = _FIRST_BLOCK
        while low < bound:
            high = min(low + block, bound)
            new = self._new_shift(low, high)
            if new is None or block > _FIRST_BLOCK:  # a new shift that shows at once leaves no room before it
                new = self._known_shift(low, high if new is None else new[0]) or new
            if new is not None:
                return new
            low = high
            block = min(4 * block, _LAST_BLOCK)
        return None

    def _known_shift(self, low: int, high: int) -> tuple[int, int] | None:
        """Return the first offset in ``[low, high)`` where an anchor fits at a shift that is known."""
        found = None
        for shift in self._shifts[1:]:
            offsets, places = self._fitting(shift, low, high)
            anchors = offsets[self.sectors.contents[places] >= 0]
            if anchors.size:
                high = int(anchors[0])
                found = high, shift
        return found

    def _new_shift(self, low: int, high: int) -> tuple[int, int] | None:
        """Return the first offset in ``[low, high)`` where an anchor lies that enough others agree with."""
        first = max(self._start, low - _REACH * SECTOR)
        crcs = self.copy.windows(first, min(self._end, high + (_REACH + 1) * SECTOR), self._end)
        found, places = self.sectors.anchors_among(crcs[low - first : high - first])
        # Some at a time: where a few bytes repeat for long, every window may be that of some anchor.
        for some in range(0, len(found), _CANDIDATES):
            offsets = found[some : some + _CANDIDATES] + (low - first)
            numbers = self.sectors.numbers[places[some : some + _CANDIDATES]]
            there = offsets[:, None] + _NEIGHBOURS * SECTOR
            inside = (there >= 0) & (there < len(crcs))
            alike = crcs[np.where(inside, there, 0)] == self.sectors.contents_of(numbers[:, None] + _NEIGHBOURS)
            enough = np.flatnonzero((alike & inside).sum(axis=1) + 1 >= self.needed)
            if enough.size:
                offset = first + int(offsets[enough[0]])
                return offset, offset - SECTOR * int(numbers[enough[0]])
        return None

    def _turn(self, offset: int, shift: int) -> int:
        """Make ``shift`` the current one and take what fits at it before ``offset``; return ``offset``."""
        self._shifts = [shift, *(known for known in self._shifts if known != shift)][:_KNOWN_SHIFTS]
        # Sectors that are no anchors lie here, unseen by the search; the first may share bytes with what was taken.
        low = max(self._start, self._taken - _REACH * SECTOR)
        for start in range(low, offset, _LAST_STEP * SECTOR):
            fitting, _ = self._fitting(shift, start, min(start + _LAST_STEP * SECTOR, offset))
            self._take(shift, fitting)
        return offset

    def _fitting(self, shift: int, low: int, high: int) -> tuple[Numbers, Numbers]:
        """Return the offsets in ``[low, high)`` where sectors are that fit, and their places among those known."""
        high = min(high, self._end - SECTOR + 1)
        places = self.sectors.between(-((shift - low) // SECTOR), -((shift - high) // SECTOR))
        if not places.size:
            return places, places
        numbers = self.sectors.numbers[places]
        offsets = numbers * SECTOR + shift
        start = int(offsets[0])
        data = self.copy.between(start, int(offsets[-1]) + SECTOR)
        right = sector_sums(data, numbers, offsets - start) == self.sectors.sums[places]
        return offsets[right], places[right]

    def _take(self, shift: int, offsets: Numbers) -> None:
        """Note sectors as found."""
        if not offsets.size:
            return
        breaks = np.flatnonzero(np.diff(offsets) != SECTOR) + 1
        starts = offsets[np.append(0, breaks)].tolist()
        ends = (offsets[np.append(breaks, len(offsets)) - 1] + SECTOR).tolist()
        self._found[shift] += zip(starts, ends, strict=True)
        self._taken = max(self._taken, ends[-1])
