"""The result of a restoration: a verdict on each file, and totals."""

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
    """The verdicts on all chosen files, in tree order; those on intact files are made when they are used."""

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
    """The result of a restoration.

    Attributes
    ----------
    verdicts
        One for each file that is known by name.
    not_intact
        Those of them that are not `Fate.INTACT`, in tree order.
    counts
        How many files of each fate.
    n_bytes
        Intact bytes of named files that are in place, holes included.
    plausible_bytes
        Bytes of named partial files that are in place, but that no checksum has verified.
    unnamed
        Files found by their signature only, in ``lost+found``.
    unplaced
        Directories, links and other entries without content that could not be placed.
    missing
        How many entries are not even known by name; None if that is not known.
    way
        The structure by which files were found; empty if none was left.
    damage
        What was found damaged, as texts for people.
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
        """How many files were restored whole."""
        return self.counts[Fate.INTACT] + self.counts[Fate.REPAIRED]

    @property
    def complete(self) -> bool:
        """Whether everything was restored."""
        return self.files == len(self.verdicts) and self.missing == 0 and not self.unplaced

    @property
    def nothing(self) -> bool:
        """Whether nothing was restored, though there was something."""
        # A file that only the target refused is intact, and can be restored elsewhere.
        back = self.counts[Fate.LOST] < len(self.verdicts) or any(found.placed_as for found in self.unnamed)
        return not back and not self.complete and bool(self.verdicts or self.unnamed)


@dataclass(frozen=True, slots=True)
class Extracted:
    """The result of an extraction, and its plan.

    Attributes
    ----------
    files, n_bytes
        Files in place, and their bytes.
    unplaced
        How many files of the plan are not in place.
    way, complete
        By which structure the files of the listing were found, and whether all of them are known.
    mended
        How many files came back only after the archive had been mended.
    worn
        What is damaged or lost, as texts for people: the archive, or volumes of a set.
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
        """Return the result of a plan, from its first run and each further run from a better archive."""
        files, n_bytes, mended = first.files, first.n_bytes, first.counts[Fate.REPAIRED]
        for more in again:
            files, n_bytes, mended = files + more.files, n_bytes + more.n_bytes, mended + more.files
        way, complete = plan.listing.way.value, plan.listing.complete
        return cls(plan, files, n_bytes, plan.files - files, way, complete, mended, worn)
