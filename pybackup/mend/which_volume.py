"""Choosing the volume that is meant, if guard sectors of several volumes are found in the copies.

An archive with parity may be in an image with parity, or have a sidecar too: the outer volume is meant, since it
protects all of the inner one. But if bytes are good in the inner one and bad in the outer one, the outer one is of an
earlier version. Copies that are each another volume from their first byte on were named together by mistake.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pybackup.errors import UsageError
from pybackup.layout.guard import Geometry
from pybackup.parity.mend.copies import NO_ORIGIN, Survey
from pybackup.parity.stream.find import FoundGuards
from pybackup.sector import SECTOR


@dataclass(frozen=True, slots=True)
class VolumeCandidate:
    """A volume that the copies may be of, and which sectors of it are good."""

    found: FoundGuards
    survey: Survey

    @property
    def geometry(self) -> Geometry:
        """The shape of its parity."""
        return self.found.geometry

    @property
    def share(self) -> float:
        """How many of its sectors are good in some copy."""
        return float(np.count_nonzero(self.survey.where != NO_ORIGIN)) / self.geometry.sectors

    def start_in(self, copy: int) -> int | None:
        """Return where its protected bytes start in a copy; None if the copy has none of them."""
        if self.geometry.sidecar:
            return None if copy in self.found.shifts else 0
        shifts = self.found.shifts.get(copy)
        return shifts[0] if shifts else None

    @property
    def n_bytes(self) -> int:
        """Its length in a copy, in bytes."""
        return self.geometry.before_bytes if self.geometry.sidecar else self.geometry.volume_bytes


@dataclass(frozen=True, slots=True)
class Other:
    """A volume in a copy that does not overlap the one that is meant."""

    path: bytes
    offset: int
    n_bytes: int


@dataclass(frozen=True, slots=True)
class VolumeChoice:
    """The volume that is meant, other volumes in the copies, and sidecars that are of earlier versions."""

    candidate: VolumeCandidate
    others: Sequence[Other]
    stale: Sequence[bytes]


def choose(candidates: Sequence[VolumeCandidate], paths: Sequence[bytes], named: Iterable[int]) -> VolumeChoice:
    """Choose one of the candidates.

    Parameters
    ----------
    paths
        The paths of the copies.
    named
        The numbers of the copies that the user named; these should all be of one volume.

    Raises
    ------
    UsageError
        They are of several volumes.
    """
    _check_one(candidates, paths, list(named))
    stale: list[VolumeCandidate] = []
    inner: list[VolumeCandidate] = []
    for outer in candidates:
        within = [one for one in candidates if one is not outer and _contains(outer, one)]
        if any(_contradicts(outer, one) for one in within):
            stale.append(outer)
        else:
            inner += within
    left = [one for one in candidates if one not in stale and one not in inner] or list(candidates)
    best = max(left, key=lambda one: (one.start_in(0) == 0, one.share, one.n_bytes))
    others = [other for one in left if one is not best for other in _beside(one, best, paths)]
    streams = [paths[copy] for one in stale for copy in one.found.shifts]
    return VolumeChoice(best, others, streams)


def _check_one(candidates: Sequence[VolumeCandidate], paths: Sequence[bytes], named: Sequence[int]) -> None:
    """Refuse copies that are each another volume from their first byte on."""
    at_home = {
        copy: {number for number, one in enumerate(candidates) if not one.geometry.sidecar and one.start_in(copy) == 0}
        for copy in named
    }
    told = [copy for copy in named if at_home[copy]]
    for copy in told[1:]:
        if not at_home[copy] & at_home[told[0]]:
            first, second = os.fsdecode(paths[told[0]]), os.fsdecode(paths[copy])
            raise UsageError(f"{second}: is another volume than {first}; name copies of one volume only")


def _contains(outer: VolumeCandidate, inner: VolumeCandidate) -> bool:
    if inner.geometry.sidecar or outer.geometry.volume_bytes <= inner.geometry.volume_bytes:
        return False
    for copy in inner.found.shifts:
        start, within = outer.start_in(copy), inner.start_in(copy)
        if start is not None and within is not None and start <= within:
            return within + inner.n_bytes <= start + outer.n_bytes
    return False


def _contradicts(outer: VolumeCandidate, inner: VolumeCandidate) -> bool:
    """Return whether any sector of the inner volume is good whose bytes are bad in the outer one."""
    for row, origin in enumerate(inner.survey.origins):
        start = outer.start_in(origin.copy)
        if start is None or (origin.shift - start) % SECTOR:
            continue
        numbers = np.flatnonzero(inner.survey.where == row) + (origin.shift - start) // SECTOR
        last = outer.geometry.before_sectors if outer.geometry.sidecar else outer.geometry.sectors
        numbers = numbers[(numbers >= 0) & (numbers < last)]
        if (outer.survey.where[numbers] == NO_ORIGIN).any():
            return True
    return False


def _beside(one: VolumeCandidate, best: VolumeCandidate, paths: Sequence[bytes]) -> Iterator[Other]:
    """Yield where a volume is in the copies, if it does not overlap the one that is meant."""
    if one.geometry.sidecar:
        return
    for copy in one.found.shifts:
        start, meant = one.start_in(copy), best.start_in(copy)
        if start is None:
            continue
        if meant is None or start >= meant + best.n_bytes or start + one.n_bytes <= meant:
            yield Other(paths[copy], start, one.n_bytes)
