"""What a scan found: columns of numbers over all files, a table of directories, and the problems met."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_PARENT = -1


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
    """

    mtime_ns: NDArray[np.int64]
    size_bytes: NDArray[np.int64]
    directory: NDArray[np.int32]
    names: bytes
    name_ends: NDArray[np.int64]
    directories: tuple[bytes, ...]
    parents: NDArray[np.int32]

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


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What was found and, in the order they were met, the problems on the way."""

    files: Files
    problems: tuple[Problem, ...]
