"""Everything that is told of one group, for a line or for JSON."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.bulk import in_history
from pyactivity.description import Group, describe
from pyactivity.kinds import Kind, kinds, largest
from pyactivity.model import Files
from pyactivity.survey import Part, Survey

_NAMED = 3  # files, at most, that are named one by one


@dataclass(frozen=True, slots=True)
class Archived:
    """What of a group is in an archive; sizes in bytes."""

    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class Details:
    """A part with its description.

    kinds     of the files that neither came in bulk nor are a version control's, most frequent first; of all where
              there are no others
    largest   path and size in bytes of the file with the most bytes among these
    few       the paths of these where they are three or fewer, else none
    archived  None where no archive was asked
    """

    part: Part
    group: Group
    kinds: tuple[Kind, ...]
    largest: tuple[bytes, int]
    few: tuple[bytes, ...]
    archived: Archived | None


def details(survey: Survey, part: Part, archived: NDArray[np.bool_] | None = None) -> Details:
    """Describe a part; `archived` says of each file of the scan whether it is in an archive."""
    files, members = survey.scan.files, part.members
    by_hand = members[~survey.bulk[members]]
    worked = by_hand[~in_history(files, by_hand)]
    told = next((some for some in (worked, by_hand) if len(some)), members)
    top = largest(files, told)
    return Details(
        part,
        describe(files, members, by=survey.by, bulk=survey.bulk),
        kinds(files, told),
        (files.path(top), int(files.size_bytes[top])),
        tuple(files.paths(told)) if len(told) <= _NAMED else (),
        None if archived is None else _archived(files, members[archived[members]]),
    )


def _archived(files: Files, members: NDArray[np.intp]) -> Archived:
    return Archived(len(members), files.total_bytes(members))
