"""The columns of `Files` while they grow, a piece of a directory at a time: a call for each file would cost a third."""

import os
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyactivity.model import Files

_INT64 = np.iinfo(np.int64)


class Columns:
    """Grows by `enter` and `extend`, and ends with `freeze`."""

    def __init__(self, ctimes: bool) -> None:
        self._ctimes = ctimes
        self._mtime_ns, self._ctime_ns, self._size_bytes = array("q"), array("q"), array("q")
        self._counts, self._parents = array("i"), array("i")
        self._linked, self._devices, self._inodes = array("q"), array("Q"), array("Q")  # of files with several names
        self._names = bytearray()  # each ended by a NUL
        self._directories: list[bytes] = []

    def enter(self, path: bytes, parent: int) -> int:
        """Add a directory and return its index; files are added to the one that was entered last."""
        self._directories.append(path)
        self._parents.append(parent)
        self._counts.append(0)
        return len(self._directories) - 1

    def extend(self, names: Sequence[bytes], statuses: Sequence[os.stat_result]) -> None:
        """Add files of the directory entered last."""
        if not names:
            return
        # By way of lists: half the time of `extend` from an iterator.
        self._mtime_ns.extend(_times([status.st_mtime_ns for status in statuses]))
        if self._ctimes:
            self._ctime_ns.extend(_times([status.st_ctime_ns for status in statuses]))
        self._size_bytes.extend(array("q", [status.st_size for status in statuses]))
        if max([status.st_nlink for status in statuses]) > 1:
            self._extend_links(len(self._size_bytes) - len(statuses), statuses)
        self._names += b"\0".join(names) + b"\0"
        self._counts[-1] += len(names)

    def _extend_links(self, start: int, statuses: Sequence[os.stat_result]) -> None:
        for number, status in enumerate(statuses, start):
            if status.st_nlink > 1:
                self._linked.append(number)
                self._devices.append(status.st_dev)
                self._inodes.append(status.st_ino)

    def _first_names(self) -> NDArray[np.int64]:
        """See `Files`."""
        linked, count = np.array(self._linked, np.int64), len(self._size_bytes)
        devices, inodes = np.array(self._devices, np.uint64), np.array(self._inodes, np.uint64)
        order = np.lexsort((linked, inodes, devices))
        same = np.zeros(len(order), np.bool_)
        same[1:] = (np.diff(devices[order]) == 0) & (np.diff(inodes[order]) == 0)
        if not same.any():
            return np.zeros(0, np.int64)
        starts = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
        first_names = np.arange(count, dtype=np.int64)
        first_names[linked[order]] = linked[order][starts]
        return first_names

    def freeze(self) -> Files:
        """The columns as they stand; nothing is added afterwards."""
        ended = np.frombuffer(bytes(self._names), np.uint8)
        ends = np.flatnonzero(ended == 0)
        return Files(
            mtime_ns=np.array(self._mtime_ns, np.int64),
            size_bytes=np.array(self._size_bytes, np.int64),
            directory=np.repeat(np.arange(len(self._counts), dtype=np.int32), np.array(self._counts, np.int32)),
            names=bytes(self._names).replace(b"\0", b""),
            name_ends=(ends - np.arange(len(ends))).astype(np.int64),
            directories=tuple(self._directories),
            parents=np.array(self._parents, np.int32),
            ctime_ns=np.array(self._ctime_ns, np.int64),
            first_name=self._first_names(),
        )


def _times(times_ns: list[int]) -> "array[int]":
    try:
        return array("q", times_ns)
    except OverflowError:
        # Btrfs and tmpfs keep 64 bits of seconds: a broken clock must not end the run.
        return array("q", [max(int(_INT64.min), min(int(_INT64.max), time_ns)) for time_ns in times_ns])
