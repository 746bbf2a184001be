"""An open earlier archive whose files are found by path, or by size and mtime."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from types import MappingProxyType

import numpy as np

from pybackup.archive.chain import with_volumes
from pybackup.archive.find import Volume, look_into
from pybackup.archive.holders import ancestry_of, volume_of
from pybackup.archive.open import OpenArchive
from pybackup.archive.same_content import same_live_content
from pybackup.errors import FormatError
from pybackup.host.joined import Place
from pybackup.model.display import display
from pybackup.model.earlier import EarlierVolume
from pybackup.model.entry import Kind
from pybackup.model.member import Stored
from pybackup.model.source import Planned

Int64s = np.ndarray[tuple[int], np.dtype[np.int64]]
_WHOLE_DIGEST_BYTES = 32
_NOWHERE: Mapping[bytes, bytes] = MappingProxyType({})
_KEY_MASK = (1 << 63) - 1
# How many files of the same size and mtime are compared: extracting without mtimes may leave very many.
_MOST_TRIED = 16


class EarlierArchive:
    """An open earlier archive.

    Attributes
    ----------
    rows
        The rows of its index, by path.
    reason
        The text for people that tells why its files are left out of the new archive.
    volume
        The archive, or the last volume of its set.
    set_id
        The id of the archive, or of the set.
    taken
        For each row, whether a file with the same path in the new archive has its content: 1 or 0.
    """

    def __init__(
        self, archive: OpenArchive, unsafe: Collection[bytes] = (), paths: Mapping[bytes, bytes] = _NOWHERE
    ) -> None:
        self.archive = archive
        self._paths = paths
        self._place: Place | None = None
        self._unsafe = unsafe
        self.rows = {path: row for row, path in enumerate(archive.listing.paths)}
        self.reason = f"unchanged since {display(os.path.basename(archive.path))}"
        self.taken = bytearray(len(self.rows))
        *_, self.volume = ancestry_of(archive)
        self.set_id = archive.volume_set.info.set_id if archive.volume_set else archive.listing.archive_id
        self._by_size: tuple[Int64s, Int64s] | None = None

    def file(self, row: int) -> Stored | None:
        """Return the file of a row, or a hard link's target; None if it is incomplete, unsafe or has no SHA-256."""
        listing = self.archive.listing
        stored = listing.stored(row)
        if stored.entry.kind is Kind.HARDLINK and stored.entry.target in self.rows:
            stored = listing.stored(self.rows[stored.entry.target])
        if stored.entry.kind is not Kind.FILE or stored.changed or stored.missing or stored.fault:
            return None
        # Some members store only the first four bytes of a hash, which show damage but do not tell two files apart.
        if not stored.members or any(len(member.digest) < _WHOLE_DIGEST_BYTES for member in stored.members):
            return None
        if self._unsafe and any(
            volume_of(self.archive, member.offset).archive_id in self._unsafe for member in stored.sources
        ):
            return None
        return stored

    @property
    def place(self) -> Place:
        """Where its bytes are, and those of the archives that it builds on, if they can be found."""
        if self._place is None:
            archive = self.archive
            self._place = archive.place
            if archive.earlier is not None:
                self._place = with_volumes(archive.place, archive.earlier, self.find_volume)
        return self._place

    def is_away(self, stored: Stored) -> bool:
        """Return whether an archive, or volume, with some of a content is not at hand."""
        if isinstance(self.place, bytes):
            return False
        away = [part for part in self.place if not part.path]
        return any(0 <= member.offset - part.address < part.n_bytes for part in away for member in stored.sources)

    def find_volume(self, wanted: EarlierVolume) -> Volume | None:
        """Return this archive, or one that it builds on: from the path in the catalogue, or the directory of this one.

        None if it is not there.
        """
        beside = os.path.join(os.path.dirname(self.archive.path), os.fsencode(wanted.label))
        for path in (self._paths.get(wanted.archive_id), beside, self.archive.path):
            if path and os.path.isfile(path):
                for volume in look_into(path).volumes:
                    if volume.listing.archive_id == wanted.archive_id:
                        return volume
        return None

    def rows_of(self, n_bytes: int, mtime_ns: int) -> list[int]:
        """Return the rows of the files with this size and mtime."""
        if self._by_size is None:
            self._by_size = self._sorted()
        keys, rows = self._by_size
        key = _key(n_bytes, mtime_ns)
        start, end = np.searchsorted(keys, key, "left"), np.searchsorted(keys, key, "right")
        found = (int(row) for row in rows[start : min(end, start + _MOST_TRIED)])
        return [row for row in found if self._is_of(row, n_bytes, mtime_ns)]

    def _is_of(self, row: int, n_bytes: int, mtime_ns: int) -> bool:
        entry = self.archive.listing.stored(row).entry
        return (entry.size, entry.mtime_ns) == (n_bytes, mtime_ns)

    def _sorted(self) -> tuple[Int64s, Int64s]:
        """Return the keys of all files in ascending order, and the row of each."""
        listing = self.archive.listing
        rows = np.array([row for row, kind in enumerate(listing.rows.kinds) if kind == Kind.FILE], dtype=np.int64)
        entries = (listing.stored(row).entry for row in rows.tolist())
        keys = np.fromiter((_key(entry.size, entry.mtime_ns) for entry in entries), dtype=np.int64, count=len(rows))
        order = np.argsort(keys, kind="stable")
        return keys[order], rows[order]


def _key(n_bytes: int, mtime_ns: int) -> int:
    """Return a key for a size and an mtime; another size and mtime may have the same key."""
    return (n_bytes * 0x9E3779B97F4A7C15 ^ mtime_ns) & _KEY_MASK


def has_content(earlier: EarlierArchive, stored: Stored, planned: Planned) -> bool:
    """Return whether a file has the content of an archived one of the same size, compared by hashes."""
    try:
        return same_live_content(earlier.archive.file, stored, planned.path)
    except (OSError, FormatError):
        return False  # it will be archived as changed, and reading it there reports the error
