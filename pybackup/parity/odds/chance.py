"""How likely it is that sectors lost at random leave every structure enough of its own.

A volume is cut into structures that do not overlap; each does without so many of its sectors. Of all sectors ``lost``
are bad, every choice of them equally likely. The counts of bad sectors per structure then are independent binomial
ones on condition that they add up to ``lost``, whatever their rate, so that (with S for their sum)

    P(all are few enough | S = lost) = P(all are few enough) * P(S = lost | all are few enough) / P(S = lost)

which is exact. Both sums are convolutions, taken by FFT around their middle; lost is the middle at the rate lost / all.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Chances = NDArray[np.float64]

# In standard deviations; what lies beyond is less than the error of a float.
_REACH = 12
_DIGITS = 12
_REACH_OF_FEW = 48


@dataclass(frozen=True)
class Scattering:
    """Sectors lost at random.

    Attributes
    ----------
    sizes
        Sectors of each structure, shape (structures,).
    spare
        How many of them it does without, shape (structures,).
    """

    sizes: Counts
    spare: Counts

    @cached_property
    def sectors(self) -> int:
        """Of all structures together."""
        return int(self.sizes.sum())

    @cached_property
    def certain(self) -> int:
        """The most that may be lost in any pattern."""
        limited = self.spare < self.sizes
        return int(self.spare[limited].min()) if limited.any() else self.sectors

    @cached_property
    def possible(self) -> int:
        """The most that may be lost in any one pattern."""
        return int(np.minimum(self.spare, self.sizes).sum())

    def chance(self, lost: int) -> float:
        """Return the probability that every structure has enough left; about 1e-10 is the error."""
        if lost <= self.certain:
            return 1.0
        if lost > self.possible:
            return 0.0
        rate = lost / self.sectors
        width = _REACH * math.sqrt(lost * (1 - rate)) + _REACH_OF_FEW
        points = 1 << math.ceil(math.log2(2 * width + 1))
        fits: NDArray[np.complex128] | float = 1.0
        anyway: NDArray[np.complex128] | float = 1.0
        middle = 0
        for (size, spare), count in self._kinds.items():
            low = math.floor(size * rate)
            chances, first = _binomial(size, rate)
            wheel = np.zeros(points)
            places = (np.arange(first, first + len(chances)) - low) % points
            np.add.at(wheel, places, chances)
            anyway = anyway * np.fft.rfft(wheel) ** count
            wheel[places[max(0, spare + 1 - first) :]] = 0
            fits = fits * np.fft.rfft(wheel) ** count
            middle += low * count
        at = (lost - middle) % points
        found = np.fft.irfft(fits, points)[at] / np.fft.irfft(anyway, points)[at]
        # What transforms add is smaller; it must not make more lost sectors the better chance.
        return round(float(np.clip(found, 0, 1)), _DIGITS)

    def most(self, chance: float) -> int:
        """Return how many may be lost at most for the probability to stay at ``chance`` or above."""
        low, high = self.certain, self.possible + 1
        if low >= high:
            return self.possible
        while high - low > 1:
            middle = (low + high) // 2
            if self.chance(middle) >= chance:
                low = middle
            else:
                high = middle
        return low

    @cached_property
    def _kinds(self) -> Counter[tuple[int, int]]:
        return Counter(zip(self.sizes.tolist(), self.spare.tolist(), strict=True))


def spared(sectors: int, lost: int, counts: Counts) -> Chances:
    """Return the probability that none of so many sectors is among those lost at random.

    Parameters
    ----------
    sectors, lost
        Of all, and how many of them.
    counts
        Shape (n,).
    """
    kinds, which = np.unique(counts, return_inverse=True)
    whole = math.lgamma(sectors + 1) - math.lgamma(sectors - lost + 1)
    chances = [
        math.exp(math.lgamma(sectors - kind + 1) - math.lgamma(sectors - kind - lost + 1) - whole)
        if kind + lost <= sectors
        else 0.0
        for kind in kinds.tolist()
    ]
    found: Chances = np.minimum(np.array(chances, np.float64)[which.reshape(-1)], 1.0)
    return found


def _binomial(size: int, rate: float) -> tuple[Chances, int]:
    """The probabilities around the mean of a binomial distribution, and the first number they are of."""
    reach = _REACH * math.sqrt(size * rate * (1 - rate)) + _REACH_OF_FEW
    first, last = max(0, math.floor(size * rate - reach)), min(size, math.ceil(size * rate + reach))
    start = math.lgamma(size + 1)
    log_bad, log_good = math.log(rate), math.log1p(-rate)
    logs = [
        start - math.lgamma(bad + 1) - math.lgamma(size - bad + 1) + bad * log_bad + (size - bad) * log_good
        for bad in range(first, last + 1)
    ]
    return np.exp(np.array(logs)), first
