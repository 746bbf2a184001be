"""What the default report answers on one screen: what was worked on, what arrives, what was installed, what is large.

The weight of an activity is the number of its files that a person made, halved for every month of its age: what a
version control wrote, what came in bulk and what arrives by itself weigh nothing. What came in bulk in the midst of
work is told apart from it, under the same number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pyactivity.activities import believable
from pyactivity.bulk import in_history
from pyactivity.description import Carrier, describe
from pyactivity.ranking import largest
from pyactivity.survey import ACTIVITY, STREAM, Part, Survey

_HALF_LIFE_NS = 30 * 86_400 * 10**9
_WORKED, _STREAMS, _BULK, _LARGE = 8, 5, 4, 4  # lines
_NEW_NS = 90 * 86_400 * 10**9
_LARGE_BYTES = 16 << 20
_TO_SHOW = 50  # groups that a person still looks through
_MIN_FILES = (2, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """The parts of a report that fit on one screen.

    worked    activities by falling weight, of each what did not come in bulk
    streams   the largest by their files
    bulk      of activities what came in bulk, newest first, the largest few
    strange   groups of impossible times
    large     (k,) intp, the largest of the newest files
    lost      the directories that hold most of what is in no archive; empty where nothing is, None where none was asked
    others    how many activities are not shown, or only what came in bulk of them; others_files and others_bytes are of
              all files of activities that are not shown
    min_files with which few enough groups would be left to look through; 0 where none does that
    """

    worked: tuple[Part, ...]
    streams: tuple[Part, ...]
    bulk: tuple[Part, ...]
    strange: tuple[Part, ...]
    large: NDArray[np.intp]
    lost: tuple[Carrier, ...] | None
    others: int
    others_files: int
    others_bytes: int
    min_files: int

    def parts(self) -> tuple[Part, ...]:
        """All parts that are shown."""
        return (*self.worked, *self.streams, *self.bulk, *self.strange)


def overview_of(survey: Survey, parts: Sequence[Part], archived: NDArray[np.bool_] | None = None) -> Overview:
    """Choose what of `parts`, all groups of the survey as `Survey.fold` gives them, is shown on one screen."""
    work = [part for part in parts if part.kind == ACTIVITY]
    weighed = zip(work, weights_of(survey, work), strict=True)
    heaviest = sorted((pair for pair in weighed if pair[1] > 0), key=lambda pair: -pair[1])[:_WORKED]
    worked = [_those(part, ~survey.bulk) for part, _ in heaviest]
    in_bulk = (_those(part, survey.bulk) for part in work)
    bulk = sorted((part for part in in_bulk if len(part.members)), key=lambda part: -len(part.members))[:_BULK]
    bulk.sort(key=lambda part: part.number)
    arriving = sorted((part for part in parts if part.kind == STREAM), key=lambda part: -len(part.members))
    others, left = _not_shown(survey, work, (*worked, *bulk), {part.number for part in worked})
    return Overview(
        tuple(worked),
        tuple(arriving[:_STREAMS]),
        tuple(bulk),
        tuple(part for part in parts if part.kind not in (ACTIVITY, STREAM)),
        _large_and_new(survey, parts),
        None if archived is None else _lost(survey, parts, archived),
        others,
        len(left),
        survey.scan.files.total_bytes(left),
        _fewer(work),
    )


def _those(part: Part, which: NDArray[np.bool_]) -> Part:
    return replace(part, members=part.members[which[part.members]])


def _not_shown(
    survey: Survey, work: Sequence[Part], shown: Sequence[Part], worked: set[int]
) -> tuple[int, NDArray[np.intp]]:
    """How many activities besides those `worked` on are not wholly shown, and all files of activities that are not."""
    told = np.zeros(len(survey.scan.files), np.bool_)
    for part in shown:
        told[part.members] = True
    left = [part.members[~told[part.members]] for part in work]
    others = (part.activities for part, rest in zip(work, left, strict=True) if len(rest) and part.number not in worked)
    return sum(others), np.concatenate([np.zeros(0, np.intp), *left])


def weights_of(survey: Survey, parts: Sequence[Part]) -> list[float]:
    """The weight of each of these parts."""
    if not parts:
        return []
    members = np.concatenate([part.members for part in parts])
    made = ~survey.bulk[members]
    made[made] = ~in_history(survey.scan.files, members[made])
    starts = np.cumsum([0, *(len(part.members) for part in parts[:-1])])
    counts = np.add.reduceat(made.astype(np.int64), starts)
    times_ns = survey.scan.files.times_ns(survey.by)
    ages_ns = [max(0, survey.now_ns - int(times_ns[part.members[-1]])) for part in parts]
    return [float(n) * 0.5 ** (age_ns / _HALF_LIFE_NS) for n, age_ns in zip(counts.tolist(), ages_ns, strict=True)]


def _large_and_new(survey: Survey, parts: Sequence[Part]) -> NDArray[np.intp]:
    files, times_ns = survey.scan.files, survey.scan.files.times_ns(survey.by)
    members = np.concatenate([part.members for part in parts]) if parts else np.zeros(0, np.intp)
    members = members[believable(times_ns[members], survey.now_ns)]
    if not len(members):
        return members
    since_ns = int(times_ns[members].max()) - _NEW_NS
    new = members[(times_ns[members] >= max(since_ns, -(2**63))) & (files.size_bytes[members] >= _LARGE_BYTES)]
    return largest(files, new, _LARGE)


def _lost(survey: Survey, parts: Sequence[Part], archived: NDArray[np.bool_]) -> tuple[Carrier, ...]:
    members = np.concatenate([part.members for part in parts]) if parts else np.zeros(0, np.intp)
    lost = members[~archived[members]]
    if not len(lost):
        return ()
    return describe(survey.scan.files, lost, by=survey.by).carriers


def _fewer(work: Sequence[Part]) -> int:
    lengths = np.array([len(part.members) for part in work])
    return next((n for n in _MIN_FILES if 0 < np.count_nonzero(lengths >= n) <= _TO_SHOW), 0)
