"""The result of verifying an archive: its state, and a verdict on each file that is damaged in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.mend.health import Health, State
from pybackup.model.listing import Listing, Way
from pybackup.model.verdict import Fate, FileVerdict


@dataclass(frozen=True, slots=True)
class ArchiveVerdict:
    """The result of a verification.

    Attributes
    ----------
    state
        Intact; or damaged without any loss, as the damage can be repaired or is in redundant parts; or with losses.
    damage
        Descriptions of what is damaged.
    not_intact
        Files whose content is damaged in this archive: `Fate.REPAIRED` if parity or a second copy on another volume can
        restore it, else `Fate.LOST`.
    spared
        The paths of those of them that are intact on another volume that was verified together with this one.
    missing
        How many entries of the archive are not even known by name; None if that cannot be known.
    health
        The state by the checksums of the sectors; None if there are none, or too few are left.
    files, n_bytes
        The number of files with content in the archive, and the bytes of it; for a volume of a set, of this volume.
    listing
        The entries of the archive; None if the file is not an archive.
    file_bytes
        The length of the file.
    begin
        Where the archive begins in the file: not at 0 in an image.
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
        """Whether it is damaged, and parity can repair all of it, byte for byte."""
        return self.health is not None and self.health.state is State.REPAIRABLE

    @property
    def files_damaged(self) -> list[bytes]:
        """Paths of the files whose content is damaged in this archive."""
        return [file.path for file in self.not_intact]

    @property
    def lost(self) -> list[bytes]:
        """Paths of the damaged files that neither parity nor another volume can restore."""
        return [file.path for file in self.not_intact if file.fate is Fate.LOST]
