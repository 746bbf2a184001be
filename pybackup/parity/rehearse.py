"""What mending would come to, found out by doing it in memory: one group at a time, nothing written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .copies import Copy, Survey, damaged_groups
from .dealing import Dealing
from .find import Table
from .flips import Proposals
from .patched import is_right, merged
from .rebuild import Rebuilt, rebuild, without_parity


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What `mend` would do.

    Attributes
    ----------
    beyond
        Groups that it would leave.
    complete
        Whether nothing would be missing any more.
    """

    beyond: Sequence[int]
    complete: bool


def rehearse(copies: Sequence[Copy], table: Table, survey: Survey, proposals: Proposals) -> Rehearsed:
    """Return what `mend` would make of the same; only groups that need proposals are really rebuilt.

    Raises
    ------
    OSError
        The medium cannot be read.
    """
    geometry = table.geometry
    dealing = Dealing(geometry)
    missing = damaged_groups(dealing, survey.missing)
    volume = merged(copies, survey)
    needing = np.flatnonzero(missing > geometry.parity_shards)
    beyond: list[int] = []
    unsure: list[int] = []
    held: list[Rebuilt] = []
    for group in needing.tolist():
        rebuilt = rebuild(volume, table, survey, dealing, group, proposals)
        if rebuilt is None:
            beyond.append(group)
        elif geometry.parity_shards == 1:
            held.append(rebuilt)
            unsure += [] if rebuilt.sure else [group]
    if not geometry.groups:
        held = without_parity(dealing, survey, proposals)
        data_is_lost = bool((dealing.table_rows(survey.missing) >= 0).any())
        return Rehearsed((), not data_is_lost or (bool(held) and is_right(volume, table, held)))
    if unsure and not beyond:
        ...
    return Rehearsed(sorted(beyond), not beyond)
