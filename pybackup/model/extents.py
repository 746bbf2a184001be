"""Stretches of a file: sorted, disjoint, half-open byte ranges."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extents:
    """Byte ranges ``[start, end)``: ascending, neither empty nor touching.

    Made by `of`, which takes ranges in any order.
    """

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]]) -> Extents:
        """Return the union of ``ranges``, empty ones left out."""
        joined: list[tuple[int, int]] = []
        for start, end in sorted(ranges):
            if end <= start:
                continue
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return cls(tuple(joined))

    @property
    def n_bytes(self) -> int:
        """How many bytes they cover."""
        return sum(end - start for start, end in self.ranges)

    def within(self, start: int, end: int) -> Extents:
        """Return what of them lies in ``[start, end)``."""
        if end <= start:
            return Extents()
        first = bisect_right(self.ranges, start, key=lambda extent: extent[1])
        last = bisect_left(self.ranges, end, lo=first, key=lambda extent: extent[0])
        return Extents(tuple((max(low, start), min(high, end)) for low, high in self.ranges[first:last]))

    def gaps(self, start: int, end: int) -> Extents:
        """Return what of ``[start, end)`` they leave out."""
        found = []
        at = start
        for low, high in self.within(start, end):
            if low > at:
                found.append((at, low))
            at = high
        if at < end:
            found.append((at, end))
        return Extents(tuple(found))

    def moved(self, by_bytes: int) -> Extents:
        """Return them that much further on; what would lie before byte 0 is left out."""
        return Extents.of((max(0, start + by_bytes), end + by_bytes) for start, end in self.ranges)

    def __or__(self, other: Extents) -> Extents:
        return Extents.of((*self.ranges, *other.ranges))

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)
