"""Cluster files by when they were modified: sort, then cut wherever the gap exceeds the radius.

On a line that is single-linkage clustering at distance `radius`, and what DBSCAN gives with one file as a core, in the
time of one sort.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.errors import BadValue

HOUR_NS = 3_600 * 10**9
_INT64 = np.iinfo(np.int64)
_UINT64_MAX = 2**64 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """A partition of m files into k clusters, oldest first.

    order   (m,) intp, file indices by mtime, those of equal mtime by index
    bounds  (k + 1,) intp, cluster i is order[bounds[i]:bounds[i + 1]]
    """

    order: NDArray[np.intp]
    bounds: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __iter__(self) -> Iterator[NDArray[np.intp]]:
        return map(self.members, range(len(self)))

    def members(self, cluster: int) -> NDArray[np.intp]:
        """The file indices of a cluster (0 <= cluster < k), by mtime: a view, never empty."""
        return self.order[self.bounds[cluster] : self.bounds[cluster + 1]]

    def newest(self, *, min_files: int = 1, limit: int | None = None) -> NDArray[np.intp]:
        """The clusters of at least `min_files` files, newest first, at most `limit` of them."""
        large = np.flatnonzero(np.diff(self.bounds) >= min_files)
        return large[::-1][:limit]


def cluster(
    mtime_ns: NDArray[np.int64],
    radius_ns: int = HOUR_NS,
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> Clusters:
    """Group files whose neighbours in time are at most `radius_ns` apart.

    mtime_ns   (n,) int64, nanoseconds, in any order
    radius_ns  nanoseconds, 0 or more
    since_ns, until_ns  inclusive; files outside belong to no cluster and link none
    Raises BadValue for a negative radius or an array of another shape or type.
    """
    if mtime_ns.ndim != 1 or mtime_ns.dtype != np.int64:
        raise BadValue(f"mtimes are one row of int64, not {mtime_ns.ndim} dimensions of {mtime_ns.dtype}")
    if radius_ns < 0:
        raise BadValue(f"a radius cannot be negative: {radius_ns} ns")
    order = np.argsort(mtime_ns, kind="stable")
    order = order[_between(mtime_ns[order], since_ns, until_ns)]
    # Unsigned, since the gap between the two ends of int64 does not fit into int64.
    gaps_ns = np.diff(mtime_ns[order].view(np.uint64))
    cuts = np.flatnonzero(gaps_ns > np.uint64(min(radius_ns, _UINT64_MAX))) + 1
    edges = ([0], cuts, [len(order)]) if len(order) else ([0],)
    return Clusters(order, np.concatenate(edges, dtype=np.intp))


def _between(sorted_ns: NDArray[np.int64], since_ns: int | None, until_ns: int | None) -> slice:
    start = 0 if since_ns is None else np.searchsorted(sorted_ns, _saturated(since_ns), "left")
    stop = len(sorted_ns) if until_ns is None else np.searchsorted(sorted_ns, _saturated(until_ns), "right")
    return slice(int(start), int(stop))


def _saturated(moment_ns: int) -> np.int64:
    return np.int64(max(int(_INT64.min), min(int(_INT64.max), moment_ns)))
