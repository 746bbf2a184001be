"""The value of an opened archive, or of several volumes as one: where its bytes are, and its listing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pybackup.host.joined import Place
from pybackup.model.listing import Listing

if TYPE_CHECKING:
    from .volume_set import VolumeSet


@dataclass(slots=True, eq=False)
class Archive:
    """An archive, as it was found or as it was mended.

    Attributes
    ----------
    place
        Where its bytes are: files and offsets, which workers open.
    listing
        All its entries.
    volume_set
        The volumes of its set that were found; None for an archive that is no volume of a set.
    """

    place: Place
    listing: Listing
    volume_set: VolumeSet | None
