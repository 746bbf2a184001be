"""What a scan found: columns of numbers over all files, a table of directories, and the problems met."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pyactivity.errors import BadValue

NO_PARENT = -1


def _no_numbers() -> NDArray[np.int64]:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Files:
    """n regular files below d directories, as columns: 28 bytes and a name each, never an object each.

    mtime_ns     (n,) int64, nanoseconds since the epoch, saturated at the ends of int64 (years 1677 and 2262)
    size_bytes   (n,) int64, apparent sizes
    directory    (n,) int32, index into `directories`
    names        all file names, one after the other, any bytes
    name_ends    (n,) int64, where each name ends in `names`; it starts where the one before ends
    directories  (d,) paths as they were reached: the DIR that was given, then what lies below it
    parents      (d,) int32, index of the directory above, or NO_PARENT for a DIR; always less than the own index
    ctime_ns     (n,) int64, when the inode changed, saturated too; empty where they were not asked for
    first_name   (n,) int64, of each the index of the first file here that is the same inode, its own but for further
                 hard links; empty where there are none
    """

    mtime_ns: NDArray[np.int64]
    size_bytes: NDArray[np.int64]
    directory: NDArray[np.int32]
    names: bytes
    name_ends: NDArray[np.int64]
    directories: tuple[bytes, ...]
    parents: NDArray[np.int32]
    ctime_ns: NDArray[np.int64] = field(default_factory=_no_numbers)
    first_name: NDArray[np.int64] = field(default_factory=_no_numbers)

    def times_ns(self, by: str = "mtime") -> NDArray[np.int64]:
        """The column of times by that name, `mtime` or `ctime`. Raises BadValue for another, or where it is empty."""
        if by not in ("mtime", "ctime"):
            raise BadValue(f"files have an mtime and a ctime, and no {by!r}")
        times_ns = self.mtime_ns if by == "mtime" else self.ctime_ns
        if len(times_ns) != len(self.mtime_ns):
            raise BadValue(f"of these files no {by} is known")
        return times_ns

    def bytes_once(self, members: NDArray[np.intp]) -> NDArray[np.int64]:
        """What each of `members`, (m,) indices, adds to their size: (m,) int64, of several hard links to an inode only
        the first that was scanned has its size, the others add nothing.
        """
        sizes_bytes: NDArray[np.int64] = self.size_bytes[members]
        if not len(self.first_name):
            return sizes_bytes
        inodes = self.first_name[members]
        order = np.lexsort((members, inodes))
        again = np.zeros(len(members), np.bool_)
        again[order[1:]] = np.diff(inodes[order]) == 0
        return np.where(again, 0, sizes_bytes)

    def total_bytes(self, members: NDArray[np.intp]) -> int:
        """The size of `members` together, hard links once."""
        # Python's integers: two sparse files of 8 EiB would overflow a sum in int64.
        return sum(self.bytes_once(members).tolist())

    def further_links(self) -> int:
        """How many files are further hard links to an inode that is here already."""
        return int(np.count_nonzero(self.first_name != np.arange(len(self.first_name))))

    def __len__(self) -> int:
        return len(self.mtime_ns)

    def path(self, index: int) -> bytes:
        """The path of file `index` (0 <= index < n), any bytes but NUL."""
        return os.path.join(self.directories[self.directory[index]], self.name(index))

    def name(self, index: int) -> bytes:
        """The last component of that path."""
        start = int(self.name_ends[index - 1]) if index else 0
        return self.names[start : int(self.name_ends[index])]

    def paths(self, indices: Iterable[int] | NDArray[np.intp]) -> Iterator[bytes]:
        """The paths of the files at `indices`, in that order, one at a time."""
        return (self.path(int(index)) for index in indices)


@dataclass(frozen=True, slots=True)
class Problem:
    """A directory or file that could not be looked at: its path, any bytes, and the system's reason."""

    path: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or directory that a rule left out, with all below it: its path, any bytes, and the rule in words."""

    path: bytes
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What was found and, in the order they were met, the problems on the way and what was left out.

    idle_patterns  those that have left nothing out, as they were written
    """

    files: Files
    problems: tuple[Problem, ...]
    left_out: tuple[LeftOut, ...] = ()
    idle_patterns: tuple[str, ...] = ()
