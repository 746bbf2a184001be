"""Rebuilding one group: from its parity, and where that is too little, from sectors with one byte put right too.

A group that misses more than it has parity needs some of the proposals of `flips` as if they were good. Of those no
more are taken than are needed: any that is wrong makes everything wrong that is rebuilt with it. That shows, since
what is rebuilt does not agree with its sums then, and others are taken. With one parity sector it need not show:
that is the XOR of all others, and what a CRC does not see in one sector it does not see in another.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pybackup.codes.codec import encode, fill
from pybackup.layout.sums import sector_sums
from pybackup.parity.stream.dealing import Dealing, Numbers
from pybackup.parity.stream.shards import read_shards
from pybackup.parity.stream.sum_table import SumTable
from pybackup.parity.stream.volume import Sectors

from .copies import NO_ORIGIN, Survey
from .flips import Proposals

_MOST_TRIES = 32
# The rest is left to chance, for more than one that is wrong.
_MOST_WINDOWS = 24
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class RebuiltGroup:
    """What the missing sectors of a group are.

    Attributes
    ----------
    numbers
        Of the sectors: shape (n,).
    shards
        Shape (n, 2048).
    sure
        Whether it is known to be right; else the checksum of the whole has to tell.
    """

    numbers: Numbers
    shards: NDArray[np.uint8]
    sure: bool


def rebuild(
    volume: Sectors, table: SumTable, survey: Survey, dealing: Dealing, group: int, proposals: Proposals
) -> RebuiltGroup | None:
    """Return the missing sectors of a group; None where it misses too much, or nothing agrees with the sums.

    Parameters
    ----------
    volume
        Has what is not missing in ``survey``.
    proposals
        Taken for what is missing beyond the parity.

    Raises
    ------
    OSError
        The medium cannot be read.
    """
    numbers, parity_numbers = dealing.data_numbers(group), dealing.parity_numbers(group)
    both = np.concatenate([numbers, parity_numbers])
    lost = _lost(survey, both)
    needed = len(lost) - len(parity_numbers)
    offered, rows = proposals.rows_of(both[lost])
    if needed > len(rows):
        return None
    order = np.argsort(proposals.bits[rows], kind="stable")
    attempt = _Attempt(volume, table, both, len(numbers), lost, lost[offered][order], proposals.data[rows][order])
    for taken in attempt.choices(needed):
        rebuilt = attempt.rebuilt(taken)
        if rebuilt is not None:
            return rebuilt
    return None


def without_parity(dealing: Dealing, survey: Survey, proposals: Proposals) -> list[RebuiltGroup]:
    """Return the proposals for a volume that has no parity, if there is one for all data that is missing."""
    missing = survey.missing
    missing = missing[dealing.table_rows(missing) >= 0]
    found, rows = proposals.rows_of(missing)
    return [RebuiltGroup(missing, proposals.data[rows], sure=False)] if len(missing) and found.all() else []


def _lost(survey: Survey, numbers: Numbers) -> Rows:
    stored = numbers >= 0
    return np.flatnonzero(stored & (survey.where[np.where(stored, numbers, 0)] == NO_ORIGIN))


class _Attempt:
    """A group while it is rebuilt: its shards are data, then parity, and known by their index.

    Parameters
    ----------
    lost
        Which are missing, ascending.
    offered, proposed
        For which of them there is a proposal, the likeliest first, and what it is.
    """

    def __init__(
        self,
        volume: Sectors,
        table: SumTable,
        numbers: Numbers,
        data_shards: int,
        lost: Rows,
        offered: Rows,
        proposed: NDArray[np.uint8],
    ) -> None:
        self._table, self._numbers, self._k = table, numbers, data_shards
        self._lost, self._offered, self._proposed = lost, offered, proposed
        self._data = read_shards(volume, numbers[:data_shards])
        self._parity = read_shards(volume, numbers[data_shards:])

    def choices(self, needed: int) -> Iterator[Rows]:
        """Yield which of the proposals to take, one choice after the other."""
        if needed <= 0:
            yield np.zeros(0, np.intp)
            return
        of_data = np.flatnonzero(self._offered < self._k)
        if len(of_data) == np.count_nonzero(self._lost < self._k):
            # All of the data: no parity is used, and all of it is left to confirm it.
            yield of_data
        yield from choices(len(self._offered), needed)

    def rebuilt(self, taken: Rows) -> RebuiltGroup | None:
        """Return what comes of taking some of the proposals; None if that is not right."""
        k, data, parity = self._k, self._data, self._parity
        known = self._offered[taken]
        of_data = known < k
        data[known[of_data]] = self._proposed[taken[of_data]]
        parity[known[~of_data] - k] = self._proposed[taken[~of_data]]
        unknown = np.setdiff1d(self._lost, known, assume_unique=True)
        unknown, unknown_parity = unknown[unknown < k], unknown[unknown >= k] - k
        if len(unknown):
            fill(data, unknown, parity, unknown_parity)
            if not self._agrees(unknown, data[unknown]):
                return None
        lost_parity = self._lost[self._lost >= k] - k
        made = parity
        if len(lost_parity) or len(known):
            # Parity made of a proposal that is wrong agrees with no sum.
            made = encode(data, len(parity))
            if not self._agrees(np.arange(k, k + len(parity)), made):
                return None
        lost = self._lost[self._lost < k]
        shards = np.concatenate([data[lost], made[lost_parity]])
        sure = not len(known) or len(parity) > 1 or self._is_confirmed(unknown, made[0])
        return RebuiltGroup(self._numbers[self._lost], shards, sure)

    def _is_confirmed(self, unknown: Rows, made: NDArray[np.uint8]) -> bool:
        """Whether the one sector that was made of all others is what it was said to be, byte for byte."""
        index, shard = (int(unknown[0]), self._data[unknown[0]]) if len(unknown) else (self._k, made)
        said = self._proposed[self._offered == index]
        if index not in self._lost:
            said = self._parity
        return bool(len(said)) and bool((said[0] == shard).all())

    def _agrees(self, indexes: Rows, shards: NDArray[np.uint8]) -> bool:
        numbers = self._numbers[indexes]
        return bool((sector_sums(shards.tobytes(), numbers) == self._table.sums[numbers]).all())


def choices(count: int, needed: int) -> Iterator[Rows]:
    """Yield some of the ways to take ``needed`` of ``count``, the first ones first; the same each time.

    If one of all is wrong, the choices leave each out once, as far as they are not too many for that.
    """
    if math.comb(count, needed) <= _MOST_TRIES:
        for chosen in itertools.combinations(range(count), needed):
            yield np.array(chosen, np.intp)
        return
    spare = count - needed
    everything = np.arange(count)
    ends = range(count, 0, -spare)[:_MOST_WINDOWS]
    for end in ends:
        start = max(0, end - spare)
        yield np.delete(everything, slice(start, start + spare))
    chance = np.random.default_rng(count)
    for _ in range(_MOST_TRIES - len(ends)):
        yield np.sort(chance.choice(count, needed, replace=False))
