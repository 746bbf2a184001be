"""What the page knows: activities, directories, what each holds of the other, and names of files as far as they fit.

The page need not have a million names: for each pair of an activity and a directory it has the files and bytes directly
in there. A pair is the unit of what is left out, so that it has either all of its names or none. Columns (see
`page_columns`), all of one order:

    activities, newest first
        first_s, first_ns, span_s, last_ns   the time of the first file, and how long after it the last came
        number                               what `select --activity` calls it, 0 for none
        mark                                 index into the texts `marks`
        arriving                             1 for a stream
        on_axis                              0 where the times are of no use on an axis of time
    directories, in preorder
        directory_name, depth, scanned
    pairs, activity by activity, in each by directory
        pair_count (by activity), pair_directory, pair_files, pair_bytes, pair_named
        pair_again     bytes of further hard links among these files, which pair_bytes and hour_bytes do not count
        pair_bulk      1 where most of these files came in bulk, or arrived by themselves
        pair_archived  how many of them are in an archive, if one was asked
    hours, activity by activity: hours of the clock on the wall (`zone`), since 1970-01-01 00:00 local
        hour_count (by activity), hour, hour_bulk (as of the pair), hour_files, hour_bytes
        hour_archived  how many of them are in an archive, if one was asked
    files of the pairs with pair_named = 1, pair by pair, in each as they were scanned
        file_name, file_bytes, file_inode, file_again, file_s, file_ns, file_mtime_s, file_mtime_ns
        file_inode is the same number for hard links to one inode, 0 for a file with one name; file_again is 1 for a
        further one, whose file_bytes no sum counts
        file_s counts from first_s; the last two only where files were not grouped by mtime
    zone_s, zone_offset_s, left_out
    stream_directory  paths of all directories in which streams arrive, shown or not
"""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.model import Files
from pyactivity.page_columns import Columns
from pyactivity.page_tree import Tree, tree_of
from pyactivity.report import Report
from pyactivity.survey import STREAM
from pyactivity.zone import Zone, zone_of

_SECOND_NS = 10**9
_HOUR_S = 3_600
# Guesses of what a file costs, deflated: its name, of which half is like the one before, its size and time.
_NAME_SHARE, _FILE_BYTES = 0.5, 8


@dataclass(frozen=True, slots=True, eq=False)
class PageData:
    """Packed columns, deflated; their index of (name, kind, bytes); and how many files have names."""

    deflated: bytes
    index: list[tuple[str, str, int]]
    marks: list[str]
    named: int


def page_data(report: Report, limit_bytes: int, *, names: bool = True) -> PageData:
    """The columns of a report, with as many names of files as fit into `limit_bytes` (deflated), or with none.

    Directories and activities are always there, whatever the limit.
    """
    members, group = report.members()
    tree = tree_of(report, np.unique(report.files.directory[members]).tolist())
    pairs = _Pairs(report, members, group, tree)
    base = Columns()
    zone = zone_of(report.times_ns[members])
    marks = _activities(base, report)
    _directories(base, tree)
    pairs.write_hours(base, zone)
    _zone(base, zone)
    base.names("left_out", _left_out(report))
    base.names("stream_directory", _stream_directories(report))
    budget = float(limit_bytes - len(zlib.compress(base.pack()))) if names else -1.0
    while True:
        named = pairs.choose(budget)
        columns = Columns()
        columns.extend(base)
        pairs.write(columns, named)
        deflated = zlib.compress(columns.pack(), 9)
        if len(deflated) <= limit_bytes or not named.any():
            return PageData(deflated, columns.index, marks, int(pairs.files[named].sum()))
        budget = min(budget * 0.9 * limit_bytes / len(deflated), budget - 4096)


def _activities(columns: Columns, report: Report) -> list[str]:
    """Write the activities; return the texts of marks."""
    first, last = _ends(report)
    marks = [report.mark(number) for number in range(len(report.parts))]
    texts = sorted({"", *marks})
    columns.zigzag("first_s", first // _SECOND_NS)
    columns.uint32("first_ns", first % _SECOND_NS)
    columns.varint("span_s", last // _SECOND_NS - first // _SECOND_NS)
    columns.uint32("last_ns", last % _SECOND_NS)
    columns.varint("number", [part.number for part in report.parts])
    columns.varint("mark", [texts.index(mark) for mark in marks])
    columns.varint("arriving", [part.kind == STREAM for part in report.parts])
    columns.varint("on_axis", report.on_axis())
    return texts


def _ends(report: Report) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first and the last time of each part."""
    times_ns = report.times_ns
    first = np.array([times_ns[part.members[0]] for part in report.parts], np.int64)
    return first, np.array([times_ns[part.members[-1]] for part in report.parts], np.int64)


def _directories(columns: Columns, tree: Tree) -> None:
    columns.names("directory_name", tree.names)
    columns.varint("depth", tree.depth)
    columns.varint("scanned", tree.scanned)


def _zone(columns: Columns, zone: Zone) -> None:
    columns.zigzag("zone_s", zone.since_s)
    columns.zigzag("zone_offset_s", zone.offset_s)


def _left_out(report: Report) -> list[bytes]:
    return sorted(report.below(left_out.path) for left_out in report.survey.scan.left_out)


def _stream_directories(report: Report) -> list[bytes]:
    directories = [report.files.directory[stream.members] for stream in report.survey.streams]
    used = np.unique(np.concatenate(directories)).tolist() if directories else []
    return [report.below(report.files.directories[number]) for number in used]


class _Pairs:
    """Activity by activity, in each by directory, what lies directly in that directory."""

    def __init__(self, report: Report, members: NDArray[np.intp], group: NDArray[np.intp], tree: Tree) -> None:
        directory = tree.number[report.files.directory[members]]
        order = np.lexsort((members, directory, group))
        self._report = report
        self._members = members[order]
        self._group = group[order]
        self._starts = _starts(self._group, directory[order])
        self._directory = directory[order][self._starts]
        self.files = np.diff(self._starts, append=len(order))
        self._own_bytes = report.files.bytes_once(self._members)
        self._inode = _inodes(report.files, self._members)
        self._bytes = _sums(self._own_bytes, self._starts)
        in_bulk = _sums((~report.by_hand()[order]).astype(np.int64), self._starts)
        self._bulk = 2 * in_bulk > self.files
        arriving = np.array([part.kind == STREAM for part in report.parts], np.bool_)
        self._mixed = _mixed(self._directory, arriving[self._group[self._starts]])
        lengths = np.diff(report.files.name_ends, prepend=0)[self._members]
        self._cost = _sums(lengths, self._starts) * _NAME_SHARE + self.files * _FILE_BYTES

    def choose(self, budget_bytes: float) -> NDArray[np.bool_]:
        """Which pairs have names: where a stream and others share a directory, of the newest activities, of bulk.

        Names tell the first apart, and times do not.
        """
        if self._cost.sum() <= budget_bytes:
            return np.ones(len(self.files), np.bool_)
        order = np.lexsort((self._bulk, ~self._mixed))
        cost = self._cost[order]
        # One huge directory must not keep all smaller ones behind it out.
        small = cost <= budget_bytes / 4
        named = np.zeros(len(order), np.bool_)
        named[order] = small & (np.cumsum(np.where(small, cost, 0)) <= budget_bytes)
        return named

    def write(self, columns: Columns, named: NDArray[np.bool_]) -> None:
        """Add the columns of pairs, and of the files of those that are named."""
        columns.varint("pair_count", np.bincount(self._group[self._starts], minlength=len(self._report.parts)))
        columns.zigzag("pair_directory", self._directory)
        columns.varint("pair_files", self.files)
        columns.varint("pair_bytes", self._bytes)
        columns.varint("pair_named", named)
        columns.varint("pair_bulk", self._bulk)
        again = self._report.files.size_bytes[self._members] - self._own_bytes
        columns.varint("pair_again", _sums(again, self._starts))
        if (archived := self._report.archived) is not None:
            columns.varint("pair_archived", _sums(archived[self._members].astype(np.int64), self._starts))
        self._write_files(columns, np.repeat(named, self.files))

    def write_hours(self, columns: Columns, zone: Zone) -> None:
        """Add the columns of hours."""
        hour = zone.wall_s(self._report.times_ns[self._members]) // _HOUR_S
        bulk = np.repeat(self._bulk, self.files)
        order = np.lexsort((bulk, hour, self._group))
        group, hour, bulk = self._group[order], hour[order], bulk[order]
        starts = _starts(group, hour * 2 + bulk)
        columns.varint("hour_count", np.bincount(group[starts], minlength=len(self._report.parts)))
        columns.zigzag("hour", hour[starts])
        columns.varint("hour_bulk", bulk[starts])
        columns.varint("hour_files", np.diff(starts, append=len(order)))
        columns.varint("hour_bytes", _sums(self._own_bytes[order], starts))
        if (archived := self._report.archived) is not None:
            columns.varint("hour_archived", _sums(archived[self._members][order].astype(np.int64), starts))

    def _write_files(self, columns: Columns, chosen: NDArray[np.bool_]) -> None:
        files, times_ns = self._report.files, self._report.times_ns
        members, group = self._members[chosen], self._group[chosen]
        ends = files.name_ends[members]
        starts = np.where(members > 0, files.name_ends[members - 1], 0)
        names = files.names
        columns.names("file_name", (names[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)))
        columns.varint("file_bytes", files.size_bytes[members])
        columns.varint("file_inode", self._inode[chosen])
        columns.varint("file_again", self._own_bytes[chosen] != files.size_bytes[members])
        first_s = _ends(self._report)[0] // _SECOND_NS
        columns.varint("file_s", times_ns[members] // _SECOND_NS - first_s[group])
        columns.uint32("file_ns", times_ns[members] % _SECOND_NS)
        if self._report.survey.by != "mtime":
            columns.zigzag("file_mtime_s", files.mtime_ns[members] // _SECOND_NS)
            columns.uint32("file_mtime_ns", files.mtime_ns[members] % _SECOND_NS)


def _inodes(files: Files, members: NDArray[np.intp]) -> NDArray[np.int64]:
    """A number from 1 on for each inode with several names among members, the same for each of them, else 0: (m,)."""
    if not len(files.first_name):
        return np.zeros(len(members), np.int64)
    _, place, names = np.unique(files.first_name[members], return_inverse=True, return_counts=True)
    numbers = np.where(names > 1, np.cumsum(names > 1), 0)
    return numbers[place]


def _mixed(directory: NDArray[np.int64], arriving: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pairs lie in a directory of both a stream and other parts: (pairs,) bool."""
    length = int(directory.max(initial=-1)) + 1
    both = np.bincount(directory[arriving], minlength=length) * np.bincount(directory[~arriving], minlength=length)
    mask: NDArray[np.bool_] = both[directory] > 0
    return mask


def _starts(major: NDArray[np.int64], minor: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where, in rows sorted by both, another pair of values begins."""
    differs = np.ones(len(major), np.bool_)
    differs[1:] = (np.diff(major) != 0) | (np.diff(minor) != 0)
    return np.flatnonzero(differs)


def _sums(values: NDArray[np.int64], starts: NDArray[np.intp]) -> NDArray[np.int64]:
    return np.add.reduceat(values, starts) if len(values) else np.zeros(0, np.int64)
