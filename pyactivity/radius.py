"""Choose a radius by the data: where the short pauses end and the long ones begin.

Otsu's threshold (A threshold selection method from gray-level histograms, IEEE Trans. SMC 9, 1979) over the logarithms
of the pauses: the split at which the two classes lie farthest apart, each weighted by its number. Pauses of more than
two days count as two days.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.clusters import HOUR_NS

_SECOND_NS = 10**9
_MINUTE_NS = 60 * _SECOND_NS
_PAUSE_NS = _MINUTE_NS  # less is a program at work, not a person who pauses
_PAUSES = 8  # fewer say nothing
_LEAST_NS, _MOST_NS = 10 * _MINUTE_NS, 48 * HOUR_NS
# What a person would have chosen.
_ROUND_NS = tuple(n * _MINUTE_NS for n in (10, 15, 20, 30, 45, 60, 90)) + tuple(
    n * HOUR_NS for n in (2, 3, 4, 6, 8, 12, 18, 24, 36, 48)
)


@dataclass(frozen=True, slots=True)
class Radius:
    """A radius that was chosen by the data.

    radius_ns   nanoseconds, a round number of minutes or hours
    pauses      how many pauses of a minute or more there were to choose by
    below_ns    the longest of the short pauses; None where there were too few, and the radius is the default
    above_ns    the shortest of the long ones
    """

    radius_ns: int
    pauses: int
    below_ns: int | None = None
    above_ns: int | None = None


def choose_radius(times_ns: NDArray[np.int64]) -> Radius:
    """Choose a radius between ten minutes and two days for these times, (n,) int64 nanoseconds in any order."""
    # Unsigned, since the gap between the two ends of int64 does not fit into int64.
    ordered_ns = np.sort(times_ns).view(np.uint64)
    gaps_ns = ordered_ns[1:] - ordered_ns[:-1]
    pauses_ns = np.sort(gaps_ns[gaps_ns >= _PAUSE_NS])
    if len(pauses_ns) < _PAUSES:
        return Radius(HOUR_NS, len(pauses_ns))
    split = _split(pauses_ns)
    if split is None:
        return Radius(HOUR_NS, len(pauses_ns))
    below_ns, above_ns = int(pauses_ns[split]), int(pauses_ns[split + 1])
    return Radius(_round(below_ns, above_ns), len(pauses_ns), below_ns, above_ns)


def _split(pauses_ns: NDArray[np.uint64]) -> int | None:
    """The index of the last of the short pauses, in sorted ones."""
    # A year's pause is no other than a week's: it would draw the threshold up to itself.
    logs = np.log(np.minimum(pauses_ns, np.uint64(_MOST_NS)).astype(np.float64))
    count = len(logs)
    # Into the two classes fall `lower` and `count - lower` pauses.
    lower = np.arange(1, count, dtype=np.float64)
    sums = np.cumsum(logs)[:-1]
    distance = sums / lower - (logs.sum() - sums) / (count - lower)
    spread = lower * (count - lower) * distance**2
    admissible = (pauses_ns[1:] > pauses_ns[:-1]) & (pauses_ns[1:] > _LEAST_NS) & (pauses_ns[:-1] < _MOST_NS)
    if not admissible.any():
        return None
    return int(np.argmax(np.where(admissible, spread, -1.0)))


def _round(below_ns: int, above_ns: int) -> int:
    """The round length next to the split, and one that splits at just that place if there is any."""
    middle_ns = (max(below_ns, _LEAST_NS) * min(above_ns, _MOST_NS)) ** 0.5
    exact = [length for length in _ROUND_NS if below_ns <= length < above_ns]
    return min(exact or _ROUND_NS, key=lambda length: abs(float(np.log(length / middle_ns))))
