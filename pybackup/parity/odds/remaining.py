"""How much more damage a volume survives that is damaged already."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pybackup.layout.guard import Geometry
from pybackup.parity.stream.dealing import Numbers

from .chance import Scattering
from .forecast import LIKELY, Structures


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of the strength of a volume; counts in sectors.

    Attributes
    ----------
    certain
        So many more may go bad, whichever they are.
    likely
        So many more, at random: all comes back in 99.9 % of cases.
    weakest_margin
        The part of what the worst structure could do without that it still can: 1 for a whole volume.
    """

    certain: int
    likely: int
    weakest_margin: float


def remaining(geometry: Geometry, lost: Numbers) -> Remaining | None:
    """Return what a volume survives beyond the sectors that are lost; None if it does not survive those."""
    structures = Structures.of(geometry)
    hit = np.bincount(structures.labels[lost], minlength=len(structures.sizes))
    spare = structures.spare - hit
    if (spare < 0).any():
        return None
    left = Scattering(structures.sizes - hit, spare)
    # What never had anything to spare has used nothing of it.
    margins = np.where(structures.spare > 0, spare / np.maximum(structures.spare, 1), 1)
    return Remaining(left.certain, left.most(LIKELY), float(margins.min()))
