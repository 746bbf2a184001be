"""What came of a restoration: a verdict on each file, and what else there is to say."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from pybackup.archive.selection import Choice
from pybackup.model.entry import Kind
from pybackup.model.problem import Problem
from pybackup.model.verdict import Fate, FileVerdict, UnnamedFile

from .plan import RestorePlan


class Verdicts(Sequence[FileVerdict]):
    """The verdicts on all files that were chosen, in tree order; those on intact ones are made when asked for."""

    def __init__(self, entries: Choice, told: Mapping[bytes, FileVerdict]) -> None:
        self._entries = entries
        self._told = told
        self._rows = array("q", (row for row in entries.rows if entries.kind(row) == Kind.FILE))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, number: int) -> FileVerdict: ...
    @overload
    def __getitem__(self, number: slice) -> list[FileVerdict]: ...
    def __getitem__(self, number: int | slice) -> FileVerdict | list[FileVerdict]:
        """Return the verdict of that number, or several."""
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        row = self._rows[number]
        told = self._told.get(self._entries.path(row))
        return told or FileVerdict.whole(self._entries.stored(row).entry, Fate.INTACT)


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of a restoration.

    Attributes
    ----------
    verdicts
        One for each file that is known by name.
    not_intact
        Those of them that are not `Fate.INTACT`, in tree order.
    counts
        How many files of each fate.
    n_bytes
        Right bytes of files with a name that are in place, holes included.
    plausible_bytes
        Bytes of partial files with a name that are in place, and that no checksum vouches for.
    unnamed
        Files found by their signature only, in ``lost+found``.
    unplaced
        Directories, links and all else without content that is not in its place.
    missing
        Entries that are not even known by name; None where nobody can tell how many.
    way
        The structure by which files were found; empty if none was left.
    damage
        What was found damaged on the way, in words.
    """

    verdicts: Sequence[FileVerdict]
    not_intact: Sequence[FileVerdict]
    counts: Mapping[Fate, int]
    n_bytes: int
    unnamed: Sequence[UnnamedFile]
    unplaced: Sequence[Problem]
    missing: int | None
    way: str
    damage: Sequence[str] = ()
    plausible_bytes: int = 0

    @property
    def files(self) -> int:
        """How many files are back, whole."""
        return self.counts[Fate.INTACT] + self.counts[Fate.REPAIRED]

    @property
    def complete(self) -> bool:
        """Whether everything is back."""
        return self.files == len(self.verdicts) and self.missing == 0 and not self.unplaced

    @property
    def nothing(self) -> bool:
        """Whether nothing came back, though there was something."""
        # What the target did not take is there for another one.
        back = self.counts[Fate.LOST] < len(self.verdicts) or any(found.placed_as for found in self.unnamed)
        return not back and not self.complete and bool(self.verdicts or self.unnamed)


@dataclass(frozen=True, slots=True)
class Extracted:
    """What came of an extraction, and the plan it went by.

    Attributes
    ----------
    files, n_bytes
        Files in place, and their bytes.
    unplaced
        How many files of the plan are not.
    way, complete
        Of the listing: by which structure files were found, and whether all of them are known.
    mended
        Files that came back only after the archive had been mended.
    worn
        What is damaged or lost of it, in words: the archive, or volumes of a set.
    """

    plan: RestorePlan
    files: int
    n_bytes: int
    unplaced: int
    way: str
    complete: bool
    mended: int = 0
    worn: Sequence[str] = ()

    @classmethod
    def of(cls, plan: RestorePlan, worn: Sequence[str], first: Restored, *again: Restored) -> Extracted:
        """Return what came of a plan, and of each further run from a better archive."""
        files, n_bytes, mended = first.files, first.n_bytes, first.counts[Fate.REPAIRED]
        for more in again:
            files, n_bytes, mended = files + more.files, n_bytes + more.n_bytes, mended + more.files
        way, complete = plan.listing.way.value, plan.listing.complete
        return cls(plan, files, n_bytes, plan.files - files, way, complete, mended, worn)
