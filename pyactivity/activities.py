"""Arrange files by time: clusters of activity, and groups of their own for times that cannot be or say nothing."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.clusters import HOUR_NS, Clusters, cluster

# A second ahead is another machine's clock, not the future.
_SKEW_NS = 60 * 10**9
# Programs that mean "no time" write 0 or 1, as local time or as UTC: a day on both sides.
_EPOCH_NS = 86_400 * 10**9
_INT64 = np.iinfo(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Activities:
    """All files that were asked for, each in exactly one place.

    clusters  the activities, oldest first
    future    (k,) intp, file indices by time, of times later than now
    epoch     (k,) intp, file indices by time, of times within a day of the epoch, which stands for none
    """

    clusters: Clusters
    future: NDArray[np.intp]
    epoch: NDArray[np.intp]

    def number(self, cluster: int) -> int:
        """What people call a cluster: 1 is the newest."""
        return len(self.clusters) - cluster

    def numbered(self, number: int) -> NDArray[np.intp]:
        """The file indices of the activity of that number (1 <= number <= k), by time."""
        return self.clusters.members(len(self.clusters) - number)

    @property
    def files(self) -> int:
        """How many files there are in all groups."""
        return len(self.clusters.order) + len(self.future) + len(self.epoch)


def believable(times_ns: NDArray[np.int64], now_ns: int | None = None) -> NDArray[np.bool_]:
    """Which times are neither of the future nor none: (n,) bool, for ``times_ns`` (n,) int64."""
    return (times_ns <= _limit_ns(now_ns)) & ((times_ns < -_EPOCH_NS) | (times_ns > _EPOCH_NS))


def _limit_ns(now_ns: int | None) -> int:
    return min((time.time_ns() if now_ns is None else now_ns) + _SKEW_NS, int(_INT64.max))


def arrange(
    times_ns: NDArray[np.int64],
    radius_ns: int = HOUR_NS,
    *,
    now_ns: int | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    among: NDArray[np.bool_] | None = None,
) -> Activities:
    """Cluster the files of believable times, and set the others apart.

    times_ns   (n,) int64, nanoseconds, in any order
    radius_ns  see `cluster`
    now_ns     what comes a minute later is the future; None for the clock
    since_ns, until_ns  inclusive; files outside belong nowhere
    among      (n,) bool, the others belong nowhere either; None for all
    Raises BadValue as `cluster` does.
    """
    limit_ns = _limit_ns(now_ns)
    everything = cluster(times_ns, int(_INT64.max) * 2 + 1, since_ns=since_ns, until_ns=until_ns).order
    everything = everything if among is None else everything[among[everything]]
    sorted_ns = times_ns[everything]
    future = everything[sorted_ns > limit_ns]
    unset = (sorted_ns >= -_EPOCH_NS) & (sorted_ns <= _EPOCH_NS)
    epoch = everything[unset & (sorted_ns <= limit_ns)]
    # Sorted already, and a stable sort keeps it so.
    usual = everything[~unset & (sorted_ns <= limit_ns)]
    grouped = cluster(times_ns[usual], radius_ns)
    return Activities(Clusters(usual[grouped.order], grouped.bounds), future, epoch)
