"""What a page or a picture shows: files in groups, and what a reader of it needs to know about them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.model import Files

# Before that no file system that people still hold kept times: they are of clocks that were not set.
FIRST_SANE_NS = 315_619_200 * 10**9  # 1980-01-02, a day after FAT's first, whatever the time zone
_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Files in groups of activity.

    files      what was scanned
    times_ns   (n,) int64, the time of each file by which it was grouped
    groups     newest first, the indices of the files of each by time, never empty, no file twice
    marks      a word or two about each group, empty where there is nothing to say: "bulk"
    root       absolute path at or above every directory of `files`
    now_ns     when the scan was made
    by         whose times: mtime or ctime
    left_out   absolute paths of files and directories below the roots that the scan left out
    radius_ns  the longest gap within a group
    """

    files: Files
    times_ns: NDArray[np.int64]
    groups: tuple[NDArray[np.intp], ...]
    marks: tuple[str, ...]
    root: bytes
    now_ns: int
    by: str = "mtime"
    left_out: tuple[bytes, ...] = ()
    radius_ns: int = 3_600 * 10**9

    def members(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """All files that are in a group, group after group, and the number of the group of each."""
        if not self.groups:
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        return np.concatenate(self.groups), np.repeat(np.arange(len(self.groups)), [len(g) for g in self.groups])

    def is_sane(self, group: int) -> bool:
        """Whether a group has a place on an axis of time: not of a clock that was not set, nor of the future."""
        members = self.groups[group]
        first_ns, last_ns = int(self.times_ns[members[0]]), int(self.times_ns[members[-1]])
        return first_ns >= FIRST_SANE_NS and last_ns <= self.now_ns + _DAY_NS
