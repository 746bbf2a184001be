"""Why a group is what it is, in a sentence for each reason."""

from collections.abc import Iterator

import numpy as np

from pyactivity.arrivals import evenness
from pyactivity.bulk import at_once, in_history
from pyactivity.moments import length_text
from pyactivity.survey import EPOCH, FUTURE, STREAM, Part, Survey
from pyactivity.words import count


def explain(survey: Survey, part: Part) -> Iterator[str]:
    """The reasons for a part of a survey."""
    if part.kind == FUTURE:
        yield "later than when the scan began: clocks that are wrong, or times that were set"
    elif part.kind == EPOCH:
        yield "within a day of 1 Jan 1970, which programs write where they know no time"
    elif part.kind == STREAM:
        yield from _stream(survey, part)
    else:
        yield from _activity(survey, part)
    yield from _bulk(survey, part)


def _stream(survey: Survey, part: Part) -> Iterator[str]:
    whole = part.stream.members if part.stream else part.members
    times_ns = survey.scan.files.times_ns(survey.by)[whole]
    if figures := evenness(times_ns):
        yield (
            f"even: of {figures.slices:,} times {length_text(figures.slice_ns)} {figures.filled:,} saw files, "
            f"{figures.mean:,.1f} each, give or take {figures.swing:,.1f}; up to {figures.most_swing:,.1f} is even"
        )
    else:
        yield "even over a longer time than the one that was asked for"


def _activity(survey: Survey, part: Part) -> Iterator[str]:
    times_ns, clusters = survey.scan.files.times_ns(survey.by), survey.activities.clusters
    # Numbers count from the newest, clusters from the oldest.
    newest, oldest = len(clusters) - part.number, len(clusters) - (part.through or part.number)
    pauses = []
    if oldest > 0:
        before_ns = int(times_ns[clusters.members(oldest)[0]]) - int(times_ns[clusters.members(oldest - 1)[-1]])
        pauses.append(f"{length_text(before_ns)} after the one before")
    if newest + 1 < len(clusters):
        after_ns = int(times_ns[clusters.members(newest + 1)[0]]) - int(times_ns[clusters.members(newest)[-1]])
        pauses.append(f"{length_text(after_ns)} until the next")
    if not part.through and len(part.members) > 1:
        longest_ns = int(np.diff(times_ns[part.members].view(np.uint64)).max())
        pauses.append(f"no pause within of more than {length_text(longest_ns)}")
    radius = length_text(survey.radius.radius_ns)
    yield f"{', '.join(pauses) or 'there is no other'}; a pause of more than {radius} ends an activity"


def _bulk(survey: Survey, part: Part) -> Iterator[str]:
    bulk = part.members[survey.bulk[part.members]]
    if len(bulk):
        same = int(np.count_nonzero(at_once(survey.scan.files.times_ns(survey.by)[bulk])))
        if same:
            yield f"in bulk: {count(same, 'file')} with hundreds of others within a second"
        if same < len(bulk):
            yield f"in bulk: {count(len(bulk) - same, 'file')} with times of whole seconds, as packages have them"
    by_hand = part.members[~survey.bulk[part.members]]
    if past := int(np.count_nonzero(in_history(survey.scan.files, by_hand))):
        yield f"history: {count(past, 'file')} in the data of a version control, which its program wrote"
