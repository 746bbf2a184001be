"""A series of discs that grows over months: each disc has an archive of its own, and an index of all earlier discs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pybackup.media.texts import IndexLine


@dataclass(frozen=True, slots=True)
class DiscSeries:
    """The place of a disc in its series, and the index of all discs so far.

    Attributes
    ----------
    disc, number
        The name of this disc, and its number, from 1.
    lines
        The lines of INDEX.TXT.gz: the files of all discs so far, including this one.
    """

    name: str
    disc: str
    number: int
    lines: Iterable[IndexLine]
