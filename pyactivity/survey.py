"""Scan, cluster and mark in one go: all that a report or a selection is made from."""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pyactivity.activities import Activities, arrange, believable
from pyactivity.arrivals import Stream, find_streams
from pyactivity.bulk import came_in_bulk
from pyactivity.clusters import cluster
from pyactivity.model import Scan
from pyactivity.radius import Radius, choose_radius
from pyactivity.scan import gather

FUTURE, EPOCH, ACTIVITY, STREAM = "future", "epoch", "activity", "stream"


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A group as people call it.

    kind     ACTIVITY, STREAM, or FUTURE or EPOCH for times that cannot be or say nothing
    number   of an activity: 1 is the newest; 0 for the others
    members  (m,) intp, file indices by time, never empty
    through  of several activities that are told as one, the number of the oldest; 0 for one alone
    stream   of a STREAM where it is and what its names are like; its files may be more than those here
    """

    kind: str
    number: int
    members: NDArray[np.intp]
    through: int = 0
    stream: Stream | None = None

    @property
    def activities(self) -> int:
        """How many activities, or groups of impossible times, this is."""
        return self.through - self.number + 1 if self.through else 1


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What was found below some directories, and how it groups.

    by        whose times count: mtime or ctime
    now_ns    when the scan began
    radius    how it was chosen; of a radius that was given only its length
    bulk      (n,) bool, which files came in bulk
    streams   what keeps arriving by itself, set apart from the activities; of each the files that were asked for
    """

    scan: Scan
    activities: Activities
    by: str
    now_ns: int
    radius: Radius
    bulk: NDArray[np.bool_]
    streams: tuple[Stream, ...] = ()

    def parts(self, *, min_files: int = 1, limit: int | None = None, strange: bool = True) -> Iterator[Part]:
        """The groups of at least `min_files` files: the future, `limit` activities, newest first, streams, the epoch.

        strange  whether the future, the streams and the epoch are among them
        """
        if strange and len(self.activities.future) >= min_files:
            yield Part(FUTURE, 0, self.activities.future)
        clusters = self.activities.clusters
        for place in clusters.newest(min_files=min_files, limit=limit).tolist():
            yield Part(ACTIVITY, self.activities.number(place), clusters.members(place))
        if strange:
            large = (stream for stream in self.streams if len(stream.members) >= min_files)
            yield from (Part(STREAM, 0, stream.members, stream=stream) for stream in large)
        if strange and len(self.activities.epoch) >= min_files:
            yield Part(EPOCH, 0, self.activities.epoch)

    def fold(self, parts: Iterable[Part]) -> Iterator[Part]:
        """The parts, but neighbours in which all came in bulk as one: a release of years ago is one line, not many."""
        run: list[Part] = []
        for part in parts:
            if part.kind == ACTIVITY and self.bulk[part.members].all():
                if run and run[-1].number + 1 != part.number:
                    yield _joined(run)
                    run = []
                run.append(part)
                continue
            if run:
                yield _joined(run)
                run = []
            yield part
        if run:
            yield _joined(run)


def members_of(parts: Iterable[Part]) -> NDArray[np.intp]:
    """The files of these parts, part after part."""
    return np.concatenate([np.zeros(0, np.intp), *(part.members for part in parts)])


def _joined(run: list[Part]) -> Part:
    if len(run) == 1:
        return run[0]
    return Part(ACTIVITY, run[0].number, np.concatenate([part.members for part in reversed(run)]), run[-1].number)


def take_survey(
    roots: Iterable[str | bytes | os.PathLike[str]],
    *,
    radius_ns: int | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    by: str = "mtime",
    exclude: Iterable[str] = (),
    keep_junk: bool = False,
    one_file_system: bool = False,
    now_ns: int | None = None,
    streams: bool = True,
) -> Survey:
    """Scan and arrange the files below `roots`.

    radius_ns           the longest gap within a group; None chooses it by the data
    since_ns, until_ns  inclusive; files outside belong to no group
    now_ns              what is later is the future; None for the clock
    streams             set apart what keeps arriving by itself, see `find_streams`
    The others as for `gather`. Raises BadValue as `gather` and `cluster` do, and for another `by` than mtime and ctime.
    """
    now_ns = time.time_ns() if now_ns is None else now_ns
    scan = gather(roots, exclude=exclude, keep_junk=keep_junk, one_file_system=one_file_system, ctimes=by == "ctime")
    return survey_of(
        scan, radius_ns=radius_ns, since_ns=since_ns, until_ns=until_ns, by=by, now_ns=now_ns, streams=streams
    )


def survey_of(
    scan: Scan,
    *,
    now_ns: int,
    radius_ns: int | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    by: str = "mtime",
    streams: bool = True,
) -> Survey:
    """Arrange what a scan found, with arguments as of `take_survey`."""
    times_ns = scan.files.times_ns(by)
    bulk = came_in_bulk(scan.files, by=by)
    found = find_streams(scan.files, times_ns, ~bulk & believable(times_ns, now_ns)) if streams else ()
    among = None
    if found:
        among = np.ones(len(times_ns), np.bool_)
        among[np.concatenate([stream.members for stream in found])] = False
        # Again without them: whatever arrives changes nothing else.
        bulk = came_in_bulk(scan.files, by=by, among=among)
        within = (_within(stream, times_ns, since_ns, until_ns) for stream in found)
        found = tuple(stream for stream in within if len(stream.members))
    grouped = partial(arrange, times_ns, now_ns=now_ns, since_ns=since_ns, until_ns=until_ns, among=among)
    radius = Radius(radius_ns, 0) if radius_ns is not None else None
    activities = grouped(radius.radius_ns if radius else 0)
    if radius is None:
        radius = choose_radius(times_ns[activities.clusters.order])
        activities = grouped(radius.radius_ns)
    return Survey(scan, activities, by, now_ns, radius, bulk, found)


def _within(stream: Stream, times_ns: NDArray[np.int64], since_ns: int | None, until_ns: int | None) -> Stream:
    """A stream with those of its files that were asked for."""
    asked = cluster(times_ns[stream.members], 0, since_ns=since_ns, until_ns=until_ns).order
    return replace(stream, members=stream.members[asked])
