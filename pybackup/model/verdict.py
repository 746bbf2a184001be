"""What becomes of each file that is restored or verified, and what would bring back the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pybackup.sector import SECTOR

from .entry import Entry
from .extents import Extents

_MANY = 8
_NONE = Extents()


class Fate(StrEnum):
    """What became of a file, best first; one that is `UNPLACED` was not put back, since the target did not take it."""

    INTACT = "intact"
    REPAIRED = "repaired"
    PARTIAL = "partial"
    UNPLACED = "unplaced"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What became of one file.

    Attributes
    ----------
    size
        Length of the whole file in bytes.
    present
        Byte ranges of the file that are right: all of it, or what is in place of a partial one.
    plausible
        Byte ranges of a partial one that are in place as they were read, and that no checksum vouches for.
    reason
        Why the rest is not; empty for an intact or repaired file.
    wanted
        Byte ranges of the image that would bring it back, if they were right: those known to be bad, or all of the
        damaged members where nothing is known. Empty where no bytes of this image would.
    needed
        The same in words; empty for an intact or repaired file.
    placed_as
        Path below the target; None where nothing was placed.
    """

    path: bytes
    fate: Fate
    size: int
    present: Extents
    reason: str = ""
    wanted: Extents = _NONE
    needed: str = ""
    placed_as: bytes | None = None
    plausible: Extents = _NONE

    @classmethod
    def whole(cls, entry: Entry, fate: Fate) -> FileVerdict:
        """Return the verdict on a file that is back."""
        return cls(entry.path, fate, entry.size, Extents.of(((0, entry.size),)), placed_as=entry.path)

    @classmethod
    def lost(cls, entry: Entry, reason: str, wanted: Extents | None = None) -> FileVerdict:
        """Return the verdict on a file of which nothing is in place.

        Parameters
        ----------
        wanted
            None where nobody looked for what would bring it back.
        """
        needed = "" if wanted is None else sectors_of(wanted)
        return cls(entry.path, Fate.LOST, entry.size, _NONE, reason, wanted or _NONE, needed)

    @classmethod
    def unplaced(cls, entry: Entry, reason: str) -> FileVerdict:
        """Return the verdict on a file that the target did not take."""
        return cls(entry.path, Fate.UNPLACED, entry.size, _NONE, reason)


@dataclass(frozen=True, slots=True)
class UnnamedFile:
    """A file found by nothing but the signature of its ``.7z``: its directory and often its name are lost.

    Attributes
    ----------
    offset
        Of the ``.7z`` in the image.
    name
        As the ``.7z`` has it; empty where that is lost too.
    size
        In bytes; 0 where unknown.
    placed_as, present, plausible, reason
        As in `FileVerdict`.
    """

    offset: int
    name: bytes
    fate: Fate
    size: int
    present: Extents
    reason: str = ""
    placed_as: bytes | None = None
    plausible: Extents = _NONE


def sectors_of(wanted: Extents, name: str = "the volume") -> str:
    """Say which sectors hold these byte ranges of what is called ``name``, and where to get them."""
    runs = Extents.of((start // SECTOR, -(-end // SECTOR)) for start, end in wanted)
    if not runs:
        return f"another copy of {name}"
    shown = [str(low) if high - low == 1 else f"{low}-{high - 1}" for low, high in runs.ranges[:_MANY]]
    more = len(runs.ranges) - len(shown)
    if more:
        shown.append(f"and {more:,} more {'stretch' if more == 1 else 'stretches'}")
    noun = "sector" if runs.n_bytes == 1 else "sectors"
    return f"{noun} {', '.join(shown)} of {name}, from another copy"
