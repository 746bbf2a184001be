"""What is said on standard error: about the scan, what of it is shown, and what was chosen."""

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyactivity.choosing import Choice
from pyactivity.model import LeftOut
from pyactivity.parsers import AUTO
from pyactivity.render import radius_text
from pyactivity.streams import say
from pyactivity.survey import Part, Survey, members_of
from pyactivity.words import count, display, humane_bytes

_EXAMPLES = 3  # of what was left out
_TOO_LARGE = 5  # lines about activities that do not fit


def tell_scan(found: Survey, options: argparse.Namespace) -> None:
    """The radius that was chosen, what was left out, and which names are further hard links."""
    if options.radius == AUTO:
        say(radius_text(found.radius))
    junk = [left for left in found.scan.left_out if left.reason in ("junk", "cache directory")]
    if junk:
        say(f"left out as cache or junk: {_some(junk)} (--keep-junk keeps them)")
    if others := [left for left in found.scan.left_out if left.reason not in ("junk", "cache directory")]:
        say(f"left out as told: {_some(others)}")
    if links := found.scan.files.further_links():
        say(f"{count(links, 'file')} are further hard links: their bytes count once, with the first name")
    for line in dict.fromkeys(options.exclude):  # not those of a file: such a list is made for many trees
        if line in found.scan.idle_patterns:
            say(f"--exclude '{line}' has left nothing out{'; its path begins below DIR' if '/' in line[:-1] else ''}")


def _some(left_out: list[LeftOut]) -> str:
    # The shortest paths lie the highest, and are known.
    shortest = sorted(left_out, key=lambda left: (len(left.path), left.path))[:_EXAMPLES]
    more = f" and {len(left_out) - len(shortest):,} more" if len(left_out) > len(shortest) else ""
    return ", ".join(display(left.path) for left in shortest) + more


def tell_shown(
    found: Survey, parts: Sequence[Part], archived: NDArray[np.bool_] | None, options: argparse.Namespace
) -> None:
    """How many files and groups there are, how many groups are shown, and what is in no archive."""
    groups = (
        len(found.activities.clusters)
        + len(found.streams)
        + bool(len(found.activities.future))
        + bool(len(found.activities.epoch))
    )
    # What came in bulk in the midst of work stands in the overview twice, with one number.
    shown = sum({part.number or id(part): part.activities for part in parts}.values())
    cut = shown < groups and options.limit is None and options.min_files == 1
    hint = "; --limit all shows the others" if cut else ""
    files = found.activities.files + sum(len(stream.members) for stream in found.streams)
    told = "" if options.newest or options.largest else f", {shown:,} shown{hint}"
    say(f"{count(files, 'file')} in {count(groups, 'group')}{told}")
    if archived is not None:
        everything = members_of(found.parts())
        lost = everything[~archived[everything]]
        size_bytes = found.scan.files.total_bytes(lost)
        unread = f", and what is in {count(len(found.scan.problems), 'place')} that could not be read"
        what = f"{count(len(lost), 'file')} of {humane_bytes(size_bytes)}{unread if found.scan.problems else ''}"
        say(f"{what} in no archive: lost if this disk dies today")


def tell_choice(found: Survey, choice: Choice) -> None:
    """What was chosen, and what does not fit."""
    total_bytes = found.scan.files.total_bytes
    named = choice.too_large if len(choice.too_large) <= _TOO_LARGE else choice.too_large[: _TOO_LARGE - 1]
    for part in named:
        size = humane_bytes(total_bytes(part.members))
        say(f"{_called(part)} does not fit and is left out: {count(len(part.members), 'file')} of {size}")
    if others := choice.too_large[len(named) :]:
        members = np.concatenate([part.members for part in others])
        size = humane_bytes(total_bytes(members))
        say(f"{len(others):,} older ones do not fit and are left out: {count(len(members), 'file')} of {size}")
    members = choice.members()
    size = humane_bytes(total_bytes(members))
    say(f"chosen: {count(len(members), 'file')} of {size} in {count(len(choice.taken), 'group')}")


def _called(part: Part) -> str:
    if part.stream:
        return f"what arrives in {display(part.stream.place)}"
    return f"activity {part.number}" if part.number else f"the group '{part.kind}'"
