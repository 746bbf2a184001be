"""The overview of a catalogue: each medium with its checks, what its loss would cost, and which files are at risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from pybackup.model.catalogued import Medium, MediumCheck

from .connect import Catalogue
from .health import health_by_medium
from .loss import Outlook, loss_of
from .media import is_gone, media
from .risk import Exposed, exposed
from .schema import entry


@dataclass(frozen=True, slots=True)
class OnShelf:
    """One medium.

    Attributes
    ----------
    checks
        The oldest first.
    cost
        How many of its files have each outlook if it is lost now, or as it is lost.
    """

    medium: Medium
    checks: Sequence[MediumCheck]
    cost: Mapping[Outlook, int]

    @property
    def worst(self) -> int:
        """How many files could not be restored: they are on no other medium, or are deltas to what is on none."""
        return self.cost.get(Outlook.GONE, 0) + self.cost.get(Outlook.DEPENDENT, 0)


@dataclass(frozen=True, slots=True)
class Overview:
    """All media, ordered by set, number and label, and the volumes whose files have too few copies."""

    shelf: Sequence[OnShelf]
    at_risk: Sequence[Exposed]
    copies: int

    @property
    def there(self) -> list[OnShelf]:
        """The media that are not lost or retired."""
        return [each for each in self.shelf if not is_gone(each.medium)]


def overview(catalogue: Catalogue, *, copies: int = 2, checked_since_ns: int | None = None) -> Overview:
    """Return all media, and what has fewer than ``copies`` copies."""
    checks = health_by_medium(catalogue)
    shelf = [
        OnShelf(
            known,
            checks.get(known.id, ()),
            loss_of(catalogue, known, details=False, checked_since_ns=checked_since_ns).counts,
        )
        for known in media(catalogue)
    ]
    return Overview(shelf, exposed(catalogue, copies, checked_since_ns=checked_since_ns), copies)


def count_entries(catalogue: Catalogue) -> int:
    """Return how many entries there are in all."""
    with catalogue.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(entry)).scalar_one())
