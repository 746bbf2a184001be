"""Finding the content of a file in earlier archives: unchanged, moved, or in part."""

from __future__ import annotations

from collections.abc import Sequence

from pybackup.model.content import Former
from pybackup.model.display import display
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Stored
from pybackup.model.source import Planned
from pybackup.monitor import Monitor
from pybackup.selection.times import same_time

from .earlier_archive import EarlierArchive, has_content
from .reuse import Reuse


class EarlierContents:
    """Looks for contents in earlier archives.

    Parameters
    ----------
    latest_first
        The earlier archives.
    checksum
        Compare the content of files instead of their mtimes.
    reuse
        Decides which parts of a large changed file are stored again; None to store all of it.
    monitor
        Gets a note if times differ as coarse file systems cut them.

    Attributes
    ----------
    formers
        By path: what changed files can reuse of their earlier content.
    """

    def __init__(
        self, latest_first: Sequence[EarlierArchive], *, checksum: bool, reuse: Reuse | None, monitor: Monitor
    ) -> None:
        self._latest_first = latest_first
        self._checksum = checksum
        self._reuse = reuse
        self._monitor = monitor
        self._is_noted = False
        self._moved: dict[bytes, tuple[EarlierArchive, Stored]] = {}  # where moved files were found
        self.formers: dict[bytes, Former] = {}

    def find(self, planned: Planned) -> tuple[EarlierArchive, Stored] | None:
        """Return the earlier archive and row with the content of an entry, or of a hard link's target; else None."""
        entry = planned.entry
        is_link = entry.kind is Kind.HARDLINK
        for earlier in self._latest_first:
            row = earlier.rows.get(entry.target if is_link else entry.path)
            if row is None:
                continue
            stored = earlier.file(row)
            if stored is not None and stored.is_by_hash:
                return None
            if stored is not None and (earlier.taken[row] if is_link else self._is_unchanged(earlier, stored, planned)):
                earlier.taken[row] = True
                return earlier, stored
            if stored is not None and not is_link and (same := self._reused(earlier, stored, planned)) is not None:
                earlier.taken[row] = True
                return earlier, same
            # Stock tools extract the archives of a chain one after the other, so an older version in a later archive
            # than the newest would win.
            return None
        return self._find_moved(planned)

    def _is_time_of(self, mtime_ns: int, entry: Entry) -> bool:
        """Return whether an entry has this mtime, exactly or as a file system with coarser times cuts it."""
        if mtime_ns == entry.mtime_ns:
            return True
        if not same_time(mtime_ns, entry.mtime_ns):
            return False
        if not self._is_noted:
            self._is_noted = True
            said = "its time differs only as coarse file systems cut times (FAT to 2 s); such files count as unchanged"
            self._monitor.note(f"{display(entry.path)}: {said}")
        return True

    def _is_unchanged(self, earlier: EarlierArchive, stored: Stored, planned: Planned) -> bool:
        entry = planned.entry
        if stored.entry.size != entry.size:
            return False
        if not self._checksum:
            return self._is_time_of(stored.entry.mtime_ns, entry)
        return has_content(earlier, stored, planned)

    def _reused(self, earlier: EarlierArchive, stored: Stored, planned: Planned) -> Stored | None:
        """Return the row of the content of a large file if it has that still, or again; else None.

        In the latter case the reusable parts of the earlier content are entered into `formers`.
        """
        former = stored.entry
        # Contents of the same size and mtime would be taken for one.
        if self._reuse is None or (former.size, former.mtime_ns) == (planned.entry.size, planned.entry.mtime_ns):
            return None
        if planned.entry.size < self._reuse.least_bytes:
            return None
        found = self._reuse.of(earlier, stored, planned)
        if found is None:
            return None
        if found.former is None:
            return found.base
        self.formers[planned.entry.path] = found.former
        return None

    def _find_moved(self, planned: Planned) -> tuple[EarlierArchive, Stored] | None:
        """Return the archive and row with the same content under another path, found by size, mtime and SHA-256."""
        entry = planned.entry
        if entry.kind is Kind.HARDLINK:
            return self._moved.get(entry.target)
        if not entry.size:
            return None
        for earlier in self._latest_first:
            for row in earlier.rows_of(entry.size, entry.mtime_ns):
                stored = earlier.file(row)
                if stored is None or stored.sparse or stored.is_by_hash:
                    continue
                if has_content(earlier, stored, planned):
                    self._moved[entry.path] = earlier, stored
                    return earlier, stored
        return None
