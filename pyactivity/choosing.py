"""Choose from a survey by numbers, paths and the size of a medium."""

import os
import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pyactivity.errors import BadValue
from pyactivity.model import NO_PARENT, Files
from pyactivity.patterns import Patterns
from pyactivity.selection import relative
from pyactivity.survey import EPOCH, FUTURE, STREAM, Part, Survey

_KINDS = (FUTURE, STREAM, EPOCH)
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which activities: ranges of numbers, both ends included, and whether the future, the epoch and the streams."""

    ranges: tuple[tuple[int, int], ...]
    kinds: frozenset[str] = frozenset()

    def includes(self, part: Part) -> bool:
        """Whether a part is one of these."""
        if part.kind in _KINDS:
            return part.kind in self.kinds
        return any(first <= part.number <= last for first, last in self.ranges)


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What was taken of the parts, whole or, where paths or archives were asked, in part; and what did not fit.

    taken, too_large  parts with the files chosen of them only
    """

    taken: tuple[Part, ...]
    too_large: tuple[Part, ...]

    def members(self) -> NDArray[np.intp]:
        """The chosen files, newest activity first, each by time."""
        return np.concatenate([part.members for part in self.taken]) if self.taken else np.zeros(0, np.intp)


def parse_wanted(text: str) -> Wanted:
    """Numbers of activities as in `1,3-5,future`. Raises BadValue."""
    ranges, kinds = [], set()
    for word in text.replace(" ", "").split(","):
        match = _RANGE.fullmatch(word)
        if word in _KINDS:
            kinds.add(word)
        elif match is None or not int(match[1]) or int(match[2] or match[1]) < int(match[1]):
            raise BadValue(f"not numbers of activities such as 1,3-5, nor {FUTURE}, {STREAM} or {EPOCH}: {text!r}")
        else:
            ranges.append((int(match[1]), int(match[2] or match[1])))
    return Wanted(tuple(ranges), frozenset(kinds))


def choose(
    survey: Survey,
    *,
    wanted: Wanted | None = None,
    paths: NDArray[np.bool_] | None = None,
    archived: NDArray[np.bool_] | None = None,
    max_bytes: int | None = None,
    min_files: int = 1,
) -> Choice:
    """Choose whole activities, newest first, or what is wanted of them.

    wanted     only these; None for all, the future and the epoch included
    paths      (n,) bool, only these files of them
    archived   (n,) bool, none of these files
    max_bytes  what the medium holds: an activity that no longer fits is left out, and older ones are tried; an inode
               takes its room once, with the first of these that has a name of it
    min_files  only activities of so many files
    Raises BadValue for a number that no activity has.
    """
    last = len(survey.activities.clusters)
    if wanted and (beyond := [first for first, _ in wanted.ranges if first > last]):
        raise BadValue(f"there is no activity {beyond[0]}: the oldest of these is {last}")
    files, left = survey.scan.files, max_bytes
    inodes = np.arange(len(files)) if not len(files.first_name) else files.first_name
    stored = np.zeros(len(files), np.bool_)  # inodes, by their first name, whose bytes are on the medium already
    taken: list[Part] = []
    too_large: list[Part] = []
    for part in survey.parts(min_files=min_files):
        members = part.members
        if wanted is not None and not wanted.includes(part):
            continue
        if paths is not None:
            members = members[paths[members]]
        if archived is not None:
            members = members[~archived[members]]
        if not len(members):
            continue
        chosen = replace(part, members=members)
        size_bytes = files.total_bytes(members[~stored[inodes[members]]])
        if left is not None and size_bytes > left:
            too_large.append(chosen)
            continue
        left = None if left is None else left - size_bytes
        stored[inodes[members]] = True
        taken.append(chosen)
    return Choice(tuple(taken), tuple(too_large))


def match_paths(files: Files, patterns: Patterns, root: bytes) -> NDArray[np.bool_]:
    """Which files any of the patterns matches, or a directory they lie in: (n,) bool.

    patterns  by the rules of .gitignore, relative to the root: docs, docs/**, *.jpg, !*.tmp
    Raises BadValue for a directory that does not lie below the root.
    """
    places = [relative(root, directory) for directory in files.directories]
    inside: list[bool] = []
    for place, parent in zip(places, files.parents.tolist(), strict=True):
        # A DIR may itself lie some way below the root.
        above = _is_inside(patterns, os.path.dirname(place)) if parent == NO_PARENT else inside[parent]
        verdict = patterns.verdict(place, True) if place else None
        inside.append(above if verdict is None else verdict)
    mask = np.zeros(len(files), np.bool_)
    for index, directory in enumerate(files.directory.tolist()):
        place = places[directory]
        verdict = patterns.verdict(place + b"/" + files.name(index) if place else files.name(index), False)
        mask[index] = inside[directory] if verdict is None else verdict
    return mask


def _is_inside(patterns: Patterns, place: bytes) -> bool:
    while place:
        if (verdict := patterns.verdict(place, True)) is not None:
            return verdict
        place = os.path.dirname(place)
    return False
