"""Describe a group of files: when, how much, and the few directories that carry it.

Those directories are the group's hierarchical heavy hitters (Cormode, Korn, Muthukrishnan, Srivastava, VLDB 2003):
going upwards from the leaves, a directory is named once it holds enough that no directory named below it accounts for.
Ten files in ten folders of `photos` are thus told as `photos`, ten files in one of its folders as that folder, and the
number of directories is bounded whatever the group looks like.

What came in bulk is told apart, event by event: five thousand unpacked files do not hide the three that were written.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pyactivity.bulk import AT_ONCE, history_of, how_it_came, in_history
from pyactivity.errors import BadValue
from pyactivity.model import NO_PARENT, Files

# A directory carries a group with one in four of its files or of its bytes: eight directories at the very most.
_ONE_IN = 4
# A bulk event is told as the deepest directory with nine in ten of its files; events are a minute apart.
_MOST = 0.9
_EVENT_NS = 60 * 10**9
_EVENTS = 5

_Weight = tuple[int, int]  # files, bytes
_NOTHING: _Weight = (0, 0)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A directory, its path any bytes, and what of the group lies in or below it and in no carrier further down.

    bulk  how it came, where it came in bulk: "installed", "checked out" or "unpacked"; "history" for the data of a
          version control, which its program wrote; empty for work by hand
    """

    path: bytes
    files: int
    size_bytes: int
    bulk: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Files modified one soon after the other; times in nanoseconds since the epoch.

    carriers  by falling file count; what came in bulk last
    bulk_files, bulk_bytes  of these what came in bulk
    """

    first_ns: int
    last_ns: int
    files: int
    size_bytes: int
    carriers: tuple[Carrier, ...]
    bulk_files: int = 0
    bulk_bytes: int = 0

    @property
    def files_elsewhere(self) -> int:
        """How many of the files lie in none of the carriers."""
        return self.files - sum(carrier.files for carrier in self.carriers)

    @property
    def bytes_elsewhere(self) -> int:
        """How many of the bytes lie in none of the carriers."""
        return self.size_bytes - sum(carrier.size_bytes for carrier in self.carriers)


def describe(
    files: Files, members: NDArray[np.intp], *, by: str = "mtime", bulk: NDArray[np.bool_] | None = None
) -> Group:
    """Describe the files at `members`, (m,) indices by time as `Clusters.members` gives them.

    by    whose times, mtime or ctime
    bulk  (n,) bool, which of all files came in bulk, as `came_in_bulk` tells; None tells nothing apart, and no history
    Time and memory are linear in m and in the directories on the way up. Raises BadValue when there are no members.
    """
    if not len(members):
        raise BadValue("a group has at least one file")
    times_ns = files.times_ns(by)
    own_bytes = files.bytes_once(members)
    in_bulk, past = np.zeros(len(members), np.bool_), np.zeros(len(members), np.bool_)
    if bulk is not None:
        in_bulk = bulk[members]
        past[~in_bulk] = in_history(files, members[~in_bulk])
    by_hand = ~in_bulk & ~past
    carriers = [
        Carrier(files.directories[directory], *weight)
        for directory, weight in _heavy(*_held(files, members[by_hand], own_bytes[by_hand]), parents=files.parents)
    ]
    carriers.sort(key=_rank)
    carriers += _histories(files, members[past], own_bytes[past])
    carriers += _events(files, members[in_bulk], own_bytes[in_bulk], times_ns)
    return Group(
        first_ns=int(times_ns[members[0]]),
        last_ns=int(times_ns[members[-1]]),
        files=len(members),
        size_bytes=sum(own_bytes.tolist()),
        carriers=tuple(carriers),
        bulk_files=int(np.count_nonzero(in_bulk)),
        bulk_bytes=sum(own_bytes[in_bulk].tolist()),
    )


def _rank(carrier: Carrier) -> tuple[int, int, bytes]:
    return -carrier.files, -carrier.size_bytes, carrier.path


def _held(files: Files, members: NDArray[np.intp], own_bytes: NDArray[np.int64]) -> tuple[dict[int, _Weight], _Weight]:
    """What every directory holds directly, and the sum; `own_bytes` as of `Files.bytes_once`."""
    # Python's integers: two sparse files of 8 EiB would overflow a sum in int64.
    sizes_bytes: list[int] = own_bytes.tolist()
    held: dict[int, _Weight] = {}
    for directory, size_bytes in zip(files.directory[members].tolist(), sizes_bytes, strict=True):
        count, total_bytes = held.get(directory, _NOTHING)
        held[directory] = count + 1, total_bytes + size_bytes
    return held, (len(members), sum(sizes_bytes))


def _histories(files: Files, members: NDArray[np.intp], own_bytes: NDArray[np.int64]) -> list[Carrier]:
    """The data of version controls among members, those of the largest few repositories."""
    found: dict[bytes, _Weight] = {}
    for directory, weight in _held(files, members, own_bytes)[0].items():
        path = history_of(files.directories[directory])
        before = found.get(path, _NOTHING)
        found[path] = before[0] + weight[0], before[1] + weight[1]
    return sorted((Carrier(path, *weight, "history") for path, weight in found.items()), key=_rank)[:_EVENTS]


def _events(
    files: Files, members: NDArray[np.intp], own_bytes: NDArray[np.int64], times_ns: NDArray[np.int64]
) -> list[Carrier]:
    """The bulk events among members by time, the largest few, those in one directory as one."""
    found: dict[int, _Weight] = {}
    ends = np.flatnonzero(np.diff(times_ns[members].view(np.uint64)) > np.uint64(_EVENT_NS)) + 1
    runs = np.split(np.arange(len(members)), ends)
    # Files of a package, dated over weeks, are one event, however far apart.
    scattered = np.concatenate([runs[0][:0], *(run for run in runs if len(run) < AT_ONCE)])
    events = [run for run in runs if len(run) >= AT_ONCE] + [scattered] * bool(len(scattered))
    for event in events:
        held, total = _held(files, members[event], own_bytes[event])
        directory, weight = _deepest(held, total, files.parents)
        before = found.get(directory, _NOTHING)
        found[directory] = before[0] + weight[0], before[1] + weight[1]
    carriers = [Carrier(files.directories[directory], *weight) for directory, weight in found.items()]
    largest = sorted(zip(carriers, found, strict=True), key=lambda pair: _rank(pair[0]))[:_EVENTS]
    return [replace(carrier, bulk=how_it_came(files, directory)) for carrier, directory in largest]


def _deepest(held: dict[int, _Weight], total: _Weight, parents: NDArray[np.int32]) -> tuple[int, _Weight]:
    """The deepest directory with most of an event, or the DIR with most of it where it spans several."""
    weights: list[tuple[_Weight, int]] = []
    for directory, weight in _upwards(held, parents):
        if weight[0] >= _MOST * total[0]:
            return directory, weight
        if parents[directory] == NO_PARENT:
            weights.append((weight, directory))
    weight, directory = max(weights)
    return directory, weight


def _heavy(held: dict[int, _Weight], total: _Weight, *, parents: NDArray[np.int32]) -> list[tuple[int, _Weight]]:
    """The heavy directories and what each holds, from what every directory holds directly; empties `held`."""
    heavy: list[tuple[int, _Weight]] = []
    left = total
    upwards = _upwards(held, parents)
    while _is_heavy(left, total) and (here := next(upwards, None)):
        directory, weight = here
        if _is_heavy(weight, total):
            heavy.append(here)
            left = left[0] - weight[0], left[1] - weight[1]
            held[directory] = _NOTHING  # spoken for
    return heavy


def _upwards(held: dict[int, _Weight], parents: NDArray[np.int32]) -> Iterator[tuple[int, _Weight]]:
    """Directories, leaves first, and what lies in or below each, but for what is taken from `held` meanwhile."""
    # A parent's index is less than its children's, so the greatest index first is leaves first.
    waiting = [-directory for directory in held]
    heapq.heapify(waiting)
    while waiting:
        directory = -heapq.heappop(waiting)
        yield directory, held[directory]
        weight = held.pop(directory)
        parent = int(parents[directory])
        if weight != _NOTHING and parent != NO_PARENT:
            if parent not in held:
                heapq.heappush(waiting, -parent)
            above = held.get(parent, _NOTHING)
            held[parent] = above[0] + weight[0], above[1] + weight[1]


def _is_heavy(weight: _Weight, total: _Weight) -> bool:
    return any(0 < whole <= part * _ONE_IN for part, whole in zip(weight, total, strict=True))
