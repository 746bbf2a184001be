"""A series of discs that grows for months: each has an archive of its own, and tells of all that were before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pybackup.media.texts import IndexLine


@dataclass(frozen=True, slots=True)
class DiscSeries:
    """Which disc of which series is built, and what lies on which of them.

    Attributes
    ----------
    number
        Of this disc, from 1.
    lines
        What INDEX.TXT.gz tells: the files of all discs so far, this one among them.
    """

    name: str
    number: int
    lines: Iterable[IndexLine]
