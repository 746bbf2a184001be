"""An archive that was opened, or several volumes of a set as if they were one: where its bytes are, what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pybackup.host.joined import Place
from pybackup.model.listing import Listing

if TYPE_CHECKING:
    from .volume_set import VolumeSet


@dataclass(slots=True, eq=False)
class Archive:
    """An archive, as it was given or as it was mended.

    Attributes
    ----------
    place
        Where its bytes are, for workers to open.
    listing
        All its entries.
    volume_set
        Which volumes of its set there are; None for an archive that is no volume of a set.
    """

    place: Place
    listing: Listing
    volume_set: VolumeSet | None
