"""Describe a group of files: when, how much, and the few directories that carry it.

Those directories are the group's hierarchical heavy hitters (Cormode, Korn, Muthukrishnan, Srivastava, VLDB 2003):
going upwards from the leaves, a directory is named once it holds enough that no directory named below it accounts for.
Ten files in ten folders of `photos` are thus told as `photos`, ten files in one of its folders as that folder, and the
number of directories is bounded whatever the group looks like.
"""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.errors import BadValue
from pyactivity.model import NO_PARENT, Files

# A directory carries a group with one in four of its files or of its bytes: eight directories at the very most.
_ONE_IN = 4


@dataclass(frozen=True, slots=True)
class Carrier:
    """A directory, its path any bytes, and what of the group lies in or below it and in no carrier further down."""

    path: bytes
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Group:
    """Files modified one soon after the other; times in nanoseconds since the epoch, carriers by falling file count."""

    first_ns: int
    last_ns: int
    files: int
    size_bytes: int
    carriers: tuple[Carrier, ...]

    @property
    def files_elsewhere(self) -> int:
        """How many of the files lie in none of the carriers."""
        return self.files - sum(carrier.files for carrier in self.carriers)

    @property
    def bytes_elsewhere(self) -> int:
        """How many of the bytes lie in none of the carriers."""
        return self.size_bytes - sum(carrier.size_bytes for carrier in self.carriers)


def describe(files: Files, members: NDArray[np.intp]) -> Group:
    """Describe the files at `members`, (m,) indices by mtime as `Clusters.members` gives them.

    Time and memory are linear in m and in the directories on the way up. Raises BadValue when there are no members.
    """
    if not len(members):
        raise BadValue("a group has at least one file")
    # Python's integers: two sparse files of 8 EiB would overflow a sum in int64.
    sizes_bytes: list[int] = files.size_bytes[members].tolist()
    held: dict[int, _Weight] = {}
    for directory, size_bytes in zip(files.directory[members].tolist(), sizes_bytes, strict=True):
        count, total_bytes = held.get(directory, _NOTHING)
        held[directory] = count + 1, total_bytes + size_bytes
    carriers = [
        Carrier(files.directories[directory], *weight)
        for directory, weight in _heavy(held, files.parents, (len(members), sum(sizes_bytes)))
    ]
    return Group(
        first_ns=int(files.mtime_ns[members[0]]),
        last_ns=int(files.mtime_ns[members[-1]]),
        files=len(members),
        size_bytes=sum(sizes_bytes),
        carriers=tuple(sorted(carriers, key=lambda carrier: (-carrier.files, -carrier.size_bytes, carrier.path))),
    )


_Weight = tuple[int, int]  # files, bytes
_NOTHING: _Weight = (0, 0)


def _heavy(held: dict[int, _Weight], parents: NDArray[np.int32], total: _Weight) -> list[tuple[int, _Weight]]:
    """The heavy directories and what each holds, from what every directory holds directly; empties `held`."""
    heavy: list[tuple[int, _Weight]] = []
    left = total
    # A parent's index is less than its children's, so the greatest index first is leaves first.
    waiting = [-directory for directory in held]
    heapq.heapify(waiting)
    while waiting and _is_heavy(left, total):
        directory = -heapq.heappop(waiting)
        weight = held.pop(directory)
        if _is_heavy(weight, total):
            heavy.append((directory, weight))
            left = left[0] - weight[0], left[1] - weight[1]
        elif (parent := int(parents[directory])) != NO_PARENT:
            if parent not in held:
                heapq.heappush(waiting, -parent)
            above = held.get(parent, _NOTHING)
            held[parent] = above[0] + weight[0], above[1] + weight[1]
    return heavy


def _is_heavy(weight: _Weight, total: _Weight) -> bool:
    return any(0 < whole <= part * _ONE_IN for part, whole in zip(weight, total, strict=True))
