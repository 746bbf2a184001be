"""Whether files of a live tree are safe: which have enough copies, which changed since, which are on no medium."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pybackup.model.catalogued import Medium, Sighting
from pybackup.model.entry import Entry

from .connect import Catalogue
from .media import counts_as_copy
from .risk import copies_of_contents


class FileStanding(StrEnum):
    """Whether a live file is safe, best first."""

    SAFE = "safe"
    FEW = "too few copies"
    CHANGED = "changed since"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file of a live tree, and whether it is safe.

    Attributes
    ----------
    copies
        On how many media that count (`media.counts_as_copy`) its whole content is.
    media
        Those that have it, or a part of it; of a file that changed since, those that have its former content.
    same
        The entries with its content.
    """

    path: bytes
    size: int
    standing: FileStanding
    copies: int
    media: Sequence[Medium]
    same: Sequence[Sighting] = ()

    @property
    def is_safe(self) -> bool:
        """Whether it has enough copies, and all that is known by its name, size and time has the same content."""
        contents = {each.filed.sha256 for each in self.same if each.filed.sha256}
        return self.standing is FileStanding.SAFE and len(contents) < 2


class SplitContents:
    """How many copies there are of contents that are divided over volumes; remembers what it has looked up."""

    def __init__(self, catalogue: Catalogue, checked_since_ns: int | None) -> None:
        self._catalogue = catalogue
        self._since = checked_since_ns
        self._known: dict[bytes, int] = {}

    def copies(self, same: Sequence[Sighting]) -> int:
        """Return the number of copies of one content, if any of its entries ``same`` is a part of it; else 0."""
        digest = next((each.filed.sha256 for each in same if each.filed.parts and each.filed.sha256), None)
        if digest is None:
            return 0
        if digest not in self._known:
            with self._catalogue.reading() as connection:
                self._known[digest] = copies_of_contents(connection, [digest], self._since)[digest]
        return self._known[digest]


def judge(
    entry: Entry,
    called: Sequence[Sighting],
    same: Sequence[Sighting],
    copies: int,
    checked_since_ns: int | None,
    split: SplitContents,
) -> CheckedFile:
    """Return a live file with its standing.

    Parameters
    ----------
    called
        The catalogue's entries under its name.
    same
        The entries with the same content, under any name.
    copies
        How many copies make it safe.
    """
    media = {
        known.id: known
        for each in same
        for known in each.media
        if counts_as_copy(known, checked_since_ns=checked_since_ns)
    }
    whole = {known for each in same if not each.filed.parts for known in (m.id for m in each.media) if known in media}
    number = max(len(whole), split.copies(same))
    if same:
        standing = FileStanding.SAFE if number >= copies else FileStanding.FEW
        return CheckedFile(entry.path, entry.size, standing, number, tuple(media.values()), same)
    before = {known.id: known for each in called for known in each.media}
    standing = FileStanding.CHANGED if called else FileStanding.NOWHERE
    return CheckedFile(entry.path, entry.size, standing, 0, tuple(before.values()))
