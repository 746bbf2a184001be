"""Recognise streams: places in which files keep appearing by themselves, such as mail, podcasts and logs.

A stream is a directory, or a pattern of names in one, in which files appear evenly: at least 40 of them over at least
two weeks, about one a week or more, on 40 days or on nearly all. Their time is cut into slices of equal length, a week
at least where there are eight weeks of it, else a day, and with four files or more on average. Hardly any slice is
empty, and the numbers of files differ from slice to slice no more than chance and three fifths of the rate allow. Work
comes in sessions: few days with many files each. Only the times of these files count, so that no other file makes them
a stream or keeps them from being one. The names that differ in words with digits only are one pattern
(`episode-*.mp3`), and those of no pattern that is even are judged together. Directories whose names are numbers
(2026/05, 2026-05-03) count as the one they lie in. What a version control keeps is a person's work, however even.
"""

import os
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.bulk import history_of
from pyactivity.model import NO_PARENT, Files

_DAY_NS = 86_400 * 10**9
_LEAST_FILES = 40
_LEAST_DAYS = 14
_LEAST_SLICES = 8
_LEAST_RATE = 0.8 / 7  # files a day: a weekly one that was missed now and then
_A_SLICE = 4  # files, on average
_FILLED = 0.85  # of the slices
_SWING = 0.6  # of the rate, by weekdays, seasons and holidays
_LEAST_DATES = 40  # on which files appear, unless it is nearly every day
_NOWHERE = -1
_COUNTED = re.compile(rb"[A-Za-z]*[0-9][0-9A-Za-z]*")
_SUFFIX = re.compile(rb"\.[A-Za-z][0-9A-Za-z]{0,7}$")
_MAIL_FLAGS = re.compile(rb":2,[A-Za-z]*$")  # of a Maildir: whether a mail was read is no other pattern
_NUMBER = re.compile(rb"[0-9][0-9_.-]*")


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Files that keep arriving.

    place    path of the directory, any bytes
    pattern  of their names, each `*` a word with digits; empty where they are of several, or of none
    members  (m,) intp, file indices by time
    """

    place: bytes
    pattern: bytes
    members: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Evenness:
    """How evenly moments lie.

    slices    into which their time was cut, each of slice_ns nanoseconds
    filled    how many of these hold a moment
    mean      moments a slice, which differ from it by `swing` (standard deviation), `most_swing` at most in a stream
    """

    slices: int
    slice_ns: int
    filled: int
    mean: float
    swing: float
    most_swing: float

    @property
    def is_stream(self) -> bool:
        """Whether they are those of a stream."""
        return self.filled >= _FILLED * self.slices and self.swing <= self.most_swing


def find_streams(files: Files, times_ns: NDArray[np.int64], usual: NDArray[np.bool_]) -> tuple[Stream, ...]:
    """The streams among files, in the order of their places, at most one in each.

    times_ns  (n,) int64, the time of each file
    usual     (n,) bool, the files that may be of a stream: those with believable times that did not come in bulk
    Time is that of a sort, and linear in the names where files appear on twelve days and more.
    """
    place_of = _places(files)
    members = np.flatnonzero(usual)
    held = np.bincount(place_of[files.directory[members]] + 1, minlength=len(place_of) + 1)
    held[0] = 0
    members = members[held[place_of[files.directory[members]] + 1] >= _LEAST_FILES]
    places = place_of[files.directory[members]]
    order = np.lexsort((members, times_ns[members], places))
    members, places = members[order], places[order]
    groups = np.split(members, np.flatnonzero(np.diff(places)) + 1) if len(members) else []
    found = ((int(place_of[files.directory[group[0]]]), _stream_of(files, group, times_ns)) for group in groups)
    return tuple(Stream(files.directories[place], *stream) for place, stream in found if stream)


def is_even(sorted_ns: NDArray[np.int64]) -> bool:
    """Whether these moments, in order, are those of a stream."""
    figures = evenness(sorted_ns)
    return figures is not None and figures.is_stream


def evenness(sorted_ns: NDArray[np.int64]) -> Evenness | None:
    """How evenly these moments, in order, lie; None where they are too few, or of too few days, to tell."""
    if len(sorted_ns) < _LEAST_FILES:
        return None
    # Python's integers: the two ends of int64 are further apart than int64 holds.
    span_ns = int(sorted_ns[-1]) - int(sorted_ns[0])
    days = span_ns // _DAY_NS
    if days < _LEAST_DAYS or len(sorted_ns) < _LEAST_RATE * days:
        return None
    most = days // 7 if days >= 7 * _LEAST_SLICES else days
    dates = np.count_nonzero(np.diff(sorted_ns // _DAY_NS)) + 1
    if dates < min(_LEAST_DATES, _FILLED * days):
        return None
    slices = max(_LEAST_SLICES, min(len(sorted_ns) // _A_SLICE, most))
    since_ns = sorted_ns.view(np.uint64) - sorted_ns[:1].view(np.uint64)
    numbers = np.minimum((since_ns.astype(np.float64) * (slices / span_ns)).astype(np.int64), slices - 1)
    counts = np.bincount(numbers, minlength=slices)
    mean = len(sorted_ns) / slices
    most_swing = (mean + (_SWING * mean) ** 2) ** 0.5
    return Evenness(slices, span_ns // slices, int(np.count_nonzero(counts)), mean, float(counts.std()), most_swing)


def pattern_of(name: bytes) -> bytes:
    """The pattern of a name: each word with digits as a `*`, but for the suffix."""
    name = _MAIL_FLAGS.sub(b"", name)
    suffix = match[0] if (match := _SUFFIX.search(name)) else b""
    return _COUNTED.sub(b"*", name[: len(name) - len(suffix)]) + suffix


def _places(files: Files) -> NDArray[np.int64]:
    """Of each directory the index of the one it counts as, or _NOWHERE within the data of a version control."""
    places: list[int] = []
    for directory, (path, parent) in enumerate(zip(files.directories, files.parents.tolist(), strict=True)):
        above = places[parent] if parent != NO_PARENT else directory
        if above == _NOWHERE or history_of(path):
            places.append(_NOWHERE)
        else:
            numbered = parent != NO_PARENT and _NUMBER.fullmatch(os.path.basename(path))
            places.append(above if numbered else directory)
    return np.array(places, np.int64)


def _stream_of(
    files: Files, members: NDArray[np.intp], times_ns: NDArray[np.int64]
) -> tuple[bytes, NDArray[np.intp]] | None:
    """The pattern and the files of the stream in a place, given all its files by time."""
    # Of all of them as of any pattern: the names of many files are not looked at for nothing.
    if np.count_nonzero(np.diff(times_ns[members] // _DAY_NS)) + 1 < _FILLED * _LEAST_DAYS:
        return None
    named: dict[bytes, list[int]] = {}
    for position, index in enumerate(members.tolist()):
        named.setdefault(pattern_of(files.name(index)), []).append(position)
    even = {pattern: some for pattern, some in named.items() if is_even(times_ns[members[some]])}
    rest = sorted(position for pattern, some in named.items() if pattern not in even for position in some)
    if is_even(times_ns[members[rest]]):
        even[b""] = rest
    if not even:
        return None
    alone = next(iter(even)) if len(even) == 1 and rest else b""
    return alone, members[sorted(position for some in even.values() for position in some)]
