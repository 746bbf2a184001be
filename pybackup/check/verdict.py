"""What the verification of an archive found: its state, and a verdict on each file that is not whole in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.mend.health import Health, State
from pybackup.model.listing import Listing, Way
from pybackup.model.verdict import Fate, FileVerdict


@dataclass(frozen=True, slots=True)
class ArchiveVerdict:
    """What a verification found.

    Attributes
    ----------
    state
        Intact; or damaged where nothing is lost, since something else still says it; or something is lost.
    damage
        What is damaged, in words.
    not_intact
        Files whose content is damaged in this archive: `Fate.REPAIRED` where parity brings it back, or a second copy on
        another volume, else `Fate.LOST`.
    spared
        Paths of those of them that another volume, verified together with this one, has whole.
    missing
        Entries that the archive was made with and that are not even known by name; None where nobody can tell.
    health
        What the checksums of the sectors say; None where there are none, or too few are left.
    files, n_bytes
        Files of which the archive holds anything, and the bytes of content that it holds: of a volume of a set, those
        on this volume.
    listing
        What the archive holds; None where the file is no archive.
    file_bytes
        Length of the file.
    begin
        Where in the file the archive begins: not at 0 in an image.
    """

    state: State
    damage: Sequence[str]
    not_intact: Sequence[FileVerdict]
    files: int
    n_bytes: int
    way: Way | None
    missing: int | None
    health: Health | None = None
    listing: Listing | None = None
    file_bytes: int = 0
    spared: Sequence[bytes] = ()
    begin: int = 0

    @property
    def by_parity(self) -> bool:
        """Whether it is damaged, and parity brings back all of it, byte for byte."""
        return self.health is not None and self.health.state is State.REPAIRABLE

    @property
    def files_damaged(self) -> list[bytes]:
        """Paths of the files whose content is damaged in this archive."""
        return [file.path for file in self.not_intact]

    @property
    def lost(self) -> list[bytes]:
        """Paths of the damaged files that neither parity nor another volume brings back whole."""
        return [file.path for file in self.not_intact if file.fate is Fate.LOST]
