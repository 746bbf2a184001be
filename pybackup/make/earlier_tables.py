"""The tables in a new archive of the entries that earlier archives have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pybackup.archive.holders import ancestry_of, holders
from pybackup.container.earlier import EarlierTable
from pybackup.model.earlier import EarlierVolume
from pybackup.model.entry import Entry, Kind, directories_above
from pybackup.model.member import Member, Stored

from .earlier_archive import EarlierArchive


class EarlierTables:
    """Collects entries by the archive that has their content.

    Parameters
    ----------
    latest_first
        The earlier archives.
    """

    def __init__(self, latest_first: Sequence[EarlierArchive]) -> None:
        self._latest_first = latest_first
        self._directories: dict[bytes, Entry] = {}
        self._tables: dict[bytes, EarlierTable] = {}  # by the id of the archive

    @property
    def volumes(self) -> Sequence[EarlierVolume]:
        """The earlier archives, those that they build on, and others that have content that is known by its hash."""
        volumes = (volume for earlier in reversed(self._latest_first) for volume in ancestry_of(earlier.archive))
        found = list(dict.fromkeys(volumes))
        ids = {volume.archive_id for volume in found}
        return found + [table.volume for identity, table in self._tables.items() if identity not in ids]

    @property
    def ordered(self) -> Sequence[EarlierTable]:
        """The tables: that of the base of a file comes before those of the archives that build on it."""
        order = {volume.archive_id: at for at, volume in enumerate(self.volumes)}
        return sorted(self._tables.values(), key=lambda table: order.get(table.volume.archive_id, -1))

    def add_directory(self, entry: Entry) -> None:
        """Take a directory of the present tree, as entries below it are entered with the directories above them."""
        self._directories[entry.path] = entry

    def enter(self, earlier: EarlierArchive, stored: Stored, entry: Entry) -> None:
        """Enter an entry into the tables of the archives that have its content, or of ``earlier`` if it has none.

        Parameters
        ----------
        stored
            The row of the content in ``earlier``.
        """
        known = earlier.archive.listing
        above = [
            self._directories.get(path) or known.stored(earlier.rows[path]).entry
            for path in directories_above(entry.path)
            if path in self._directories or path in earlier.rows
        ]
        if stored.base is not None:
            self.enter(earlier, stored.base, replace(stored.base.entry, path=entry.path))
        parts = holders(earlier.archive, stored)
        if not parts or entry.kind is Kind.HARDLINK:
            parts = [(parts[0][0] if parts else earlier.volume, Stored(entry))]
        for volume, part in parts:
            self._table_of(volume).add(part._replace(entry=entry), above)

    def enter_by_hash(self, volume: EarlierVolume, digest: bytes, entry: Entry) -> None:
        """Enter a file, or another name of one, whose content is known to be in an archive by its SHA-256."""
        is_link = entry.kind is Kind.HARDLINK
        members = () if is_link else (Member.by_hash(entry.size, digest),)
        above = [self._directories[path] for path in directories_above(entry.path) if path in self._directories]
        self._table_of(volume).add(Stored(entry, members, digest=b"" if is_link else digest), above)

    def _table_of(self, volume: EarlierVolume) -> EarlierTable:
        table = self._tables.get(volume.archive_id)
        if table is None:
            # An earlier archive keeps the label that others have for it, whatever its present name is.
            same = (each for each in self.volumes if each.archive_id == volume.archive_id)
            table = self._tables[volume.archive_id] = EarlierTable(next(same, volume))
        return table
