"""What mending would come to: it is done in memory, one group at a time, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pybackup.parity.stream.dealing import Dealing
from pybackup.parity.stream.sum_table import SumTable
from pybackup.parity.stream.volume import Sectors

from .copies import Copy, Survey, damaged_groups
from .flips import Proposals
from .patched import is_right, merged
from .rebuild import rebuild, without_parity


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


def rehearse(copies: Sequence[Copy], table: SumTable, survey: Survey, proposals: Proposals) -> Rehearsed:
    """Return what `mend` would make of the same; only groups that need proposals are really rebuilt."""
    geometry = table.geometry
    dealing = Dealing(geometry)
    volume = merged(copies, survey)
    if not geometry.groups:
        held = without_parity(dealing, survey, proposals)
        data_is_lost = bool((dealing.table_rows(survey.missing) >= 0).any())
        return Rehearsed((), not data_is_lost or (bool(held) and is_right(volume, table, held)))
    missing = damaged_groups(dealing, survey.missing)
    beyond: list[int] = []
    unsure: list[int] = []
    for group in np.flatnonzero(missing > geometry.parity_shards).tolist():
        rebuilt = rebuild(volume, table, survey, dealing, group, proposals)
        if rebuilt is None:
            beyond.append(group)
        elif not rebuilt.sure:
            unsure.append(group)
    if unsure and (beyond or not _is_right(volume, table, survey, proposals)):
        beyond = sorted(beyond + unsure)
    return Rehearsed(beyond, not beyond)


def _is_right(volume: Sectors, table: SumTable, survey: Survey, proposals: Proposals) -> bool:
    """Whether the whole is right with all groups rebuilt: they have one parity sector each, so that it is not much."""
    dealing = Dealing(table.geometry)
    held = []
    for group in np.flatnonzero(damaged_groups(dealing, survey.missing)).tolist():
        rebuilt = rebuild(volume, table, survey, dealing, group, proposals)
        if rebuilt is None:
            return False
        held.append(rebuilt)
    return is_right(volume, table, held)
