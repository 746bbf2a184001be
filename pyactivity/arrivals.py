"""Recognise streams: places in which files keep appearing by themselves, such as mail, podcasts and logs.

A stream is a directory in which files appear evenly: at least 40 of them over at least two weeks. Their time is cut
into slices of equal length, a week at least where there are eight weeks of it, else a day, and with four files or more
on average. Hardly any slice is empty, and the numbers of files differ from slice to slice no more than chance and half
the rate allow. Work comes in sessions: many slices without a file, and some with a lot. Only the times of the
directory's own files count, so that no other file makes it a stream or keeps it from being one.
"""

import numpy as np
from numpy.typing import NDArray

from pyactivity.model import Files

_DAY_NS = 86_400 * 10**9
_LEAST_FILES = 40
_LEAST_DAYS = 14
_LEAST_SLICES = 8
_A_SLICE = 4  # files, on average
_FILLED = 0.85  # of the slices
_SWING = 0.5  # of the rate, by weekdays and seasons


def find_streams(files: Files, times_ns: NDArray[np.int64], usual: NDArray[np.bool_]) -> tuple[NDArray[np.intp], ...]:
    """The streams among files, in the order of their directories: of each its file indices, by time.

    times_ns  (n,) int64, the time of each file
    usual     (n,) bool, the files that may be of a stream: those with believable times that did not come in bulk
    Time is that of a sort.
    """
    members = np.flatnonzero(usual)
    held = np.bincount(files.directory[members], minlength=len(files.directories))
    members = members[held[files.directory[members]] >= _LEAST_FILES]
    members = members[np.lexsort((members, times_ns[members], files.directory[members]))]
    ends = np.flatnonzero(np.diff(files.directory[members])) + 1
    places = np.split(members, ends) if len(members) else []
    return tuple(place for place in places if is_even(times_ns[place]))


def is_even(sorted_ns: NDArray[np.int64]) -> bool:
    """Whether these moments, in order, are those of a stream."""
    if len(sorted_ns) < _LEAST_FILES:
        return False
    # Python's integers: the two ends of int64 are further apart than int64 holds.
    span_ns = int(sorted_ns[-1]) - int(sorted_ns[0])
    days = span_ns // _DAY_NS
    if days < _LEAST_DAYS:
        return False
    most = days // 7 if days >= 7 * _LEAST_SLICES else days
    slices = max(_LEAST_SLICES, min(len(sorted_ns) // _A_SLICE, most))
    since_ns = sorted_ns.view(np.uint64) - sorted_ns[:1].view(np.uint64)
    numbers = np.minimum((since_ns.astype(np.float64) * (slices / span_ns)).astype(np.int64), slices - 1)
    counts = np.bincount(numbers, minlength=slices)
    mean = len(sorted_ns) / slices
    return bool(np.count_nonzero(counts) >= _FILLED * slices and counts.var() <= mean + (_SWING * mean) ** 2)
