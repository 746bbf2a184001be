"""An archive that was opened, or several volumes of a set as if they were one: where its bytes are, what it holds."""

from __future__ import annotations

from dataclasses import dataclass

from pybackup.host.joined import Place
from pybackup.model.listing import Listing

from .volume_set import SetAtHand


@dataclass(slots=True, eq=False)
class Archive:
    """An archive, as it was given or as it was mended.

    Attributes
    ----------
    place
        Where its bytes are, for workers to open.
    listing
        All its entries.
    hand
        Which volumes of its set there are; None for an archive that is no volume of a set.
    """

    place: Place
    listing: Listing
    hand: SetAtHand | None
