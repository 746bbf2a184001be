"""Local time of many files at once, right across daylight saving: the offsets from UTC, and since when each holds.

Offsets come from the system's own time zone rules (`time.localtime`). They are looked up for days on which something
happened, not for each file, and a day in which the offset changes is bisected to the second.
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_DAY_S = 86_400
_SECOND_NS = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """Offsets from UTC, in force one after the other.

    since_s   (k,) int64, ascending: seconds since the epoch from which on the offset holds; the first also before it
    offset_s  (k,) int64, seconds to be added to UTC
    """

    since_s: NDArray[np.int64]
    offset_s: NDArray[np.int64]

    def offsets_s(self, seconds: NDArray[np.int64]) -> NDArray[np.int64]:
        """The offsets at these seconds since the epoch."""
        place = np.searchsorted(self.since_s, seconds, "right") - 1
        return self.offset_s[np.maximum(place, 0)]

    def wall_s(self, times_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """What clocks on the wall showed: seconds since 1970-01-01 00:00 local, as if every day had 24 hours."""
        seconds = times_ns // _SECOND_NS
        return seconds + self.offsets_s(seconds)


def zone_of(times_ns: NDArray[np.int64]) -> Zone:
    """The offsets in force on the days of these times, in the time zone of this process.

    times_ns  (n,) int64, nanoseconds since the epoch, in any order. Between such days the zone may be wrong.
    """
    since: list[int] = []
    offsets: list[int] = []
    for day in np.unique(times_ns // (_DAY_S * _SECOND_NS)).tolist():
        start, end = day * _DAY_S, (day + 1) * _DAY_S
        for moment in (start, _change(start, end)):
            offset = _offset_s(moment)
            if not offsets or offset != offsets[-1]:
                since.append(moment)
                offsets.append(offset)
    if not offsets:
        since, offsets = [0], [_offset_s(0)]
    return Zone(np.array(since, np.int64), np.array(offsets, np.int64))


def _change(start: int, end: int) -> int:
    """The first second in (start, end] whose offset is the one of `end`, if that differs from the one of `start`."""
    before, after = _offset_s(start), _offset_s(end)
    if before == after:
        return start
    while end - start > 1:
        middle = (start + end) // 2
        if _offset_s(middle) == before:
            start = middle
        else:
            end = middle
    return end


def _offset_s(second: int) -> int:
    return time.localtime(second).tm_gmtoff
