"""What a repair did to a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import Geometry
from pybackup.mend.survey import extents_of
from pybackup.mend.surveyed import Surveyed
from pybackup.model.extents import Extents
from pybackup.parity.mend.copies import NO_ORIGIN
from pybackup.parity.mend.mend import MENDED, MendedSectors
from pybackup.sector import SECTOR


@dataclass(frozen=True, slots=True)
class Moved:
    """A run of sectors that was not at its place in a copy, but a number of bytes away."""

    copy: bytes
    offset: int
    n_bytes: int
    moved_bytes: int


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did; counts in sectors.

    Attributes
    ----------
    path
        The file that was written; that of the first copy in place.
    taken
        How many came from each copy, by its path.
    damaged
        How many were not good at their place in the first copy.
    mended
        How many were rebuilt from parity.
    left
        How many are still bad, and where they are in the file.
    groups_beyond
        Groups that miss more shards than they have parity.
    appended_bytes
        Bytes after the end of the volume, which are left out.
    nothing_lost
        Everything in the archive can be read although sectors are still bad, according to `verify`.
    """

    path: bytes
    geometry: Geometry
    taken: Sequence[tuple[bytes, int]]
    moved: Sequence[Moved]
    damaged: int
    mended: int
    left: int
    left_extents: Extents
    groups_beyond: int
    appended_bytes: int = 0
    nothing_lost: bool = False

    @property
    def complete(self) -> bool:
        """Whether every byte is right again."""
        return not self.left


def report(path: bytes, surveyed: Surveyed, before: NDArray[np.bool_], mended: MendedSectors) -> Repaired:
    """Return the result of repairing a file; ``before`` marks the sectors that were good in it."""
    where, origins = surveyed.survey.where, surveyed.survey.origins
    geometry = surveyed.geometry
    taken = dict.fromkeys((copy.path for copy in surveyed.given), 0)
    for number, origin in enumerate(origins):
        taken[surveyed.given[origin.copy].path] += int((where == number).sum())
    left = where == NO_ORIGIN
    end, size = surveyed.behind_end()
    return Repaired(
        path,
        geometry,
        tuple(taken.items()),
        [moved for number in range(len(origins)) if (moved := _moved_by(surveyed, number))],
        int((~before).sum()),
        int((where == MENDED).sum()),
        int(left.sum()),
        extents_of(geometry, left),
        len(mended.beyond),
        size - end,
    )


def _moved_by(surveyed: Surveyed, number: int) -> Moved | None:
    """Return the sectors of a copy that were found away from their places; None if there are none."""
    origin = surveyed.survey.origins[number]
    if origin.shift in (0, -surveyed.geometry.before_sectors * SECTOR * surveyed.geometry.sidecar):
        return None
    sectors = np.flatnonzero(surveyed.survey.where == number)
    if not len(sectors):
        return None
    start = int(sectors[0]) * SECTOR + origin.shift
    return Moved(surveyed.given[origin.copy].path, start, len(sectors) * SECTOR, origin.shift)
