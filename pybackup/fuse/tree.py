"""An open archive as a tree: the entry at a path, its status as of a file, its extended attributes and its content."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property

from pybackup.archive.open import OpenArchive
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Stored

from .contents import MountedContent, SegmentCache, content_of
from .names import EntryNames

_TYPES = {
    Kind.FILE: stat.S_IFREG,
    Kind.DIRECTORY: stat.S_IFDIR,
    Kind.SYMLINK: stat.S_IFLNK,
    Kind.FIFO: stat.S_IFIFO,
    Kind.CHARACTER: stat.S_IFCHR,
    Kind.BLOCK: stat.S_IFBLK,
}
# Inode numbers of directories without an entry are above those of entries: no archive has so many.
_WITHOUT_ENTRY = 1 << 39
INODES = 1 << 40
Status = Mapping[str, int]
"""The fields of `os.stat_result`, by name; times in nanoseconds since 1970."""


class MountedTree:
    """The tree in an open archive.

    Parameters
    ----------
    first_inode
        The inode number of the top; those of the entries follow, fewer than `INODES` in all.
    """

    def __init__(self, archive: OpenArchive, cache: SegmentCache, first_inode: int) -> None:
        self._archive, self._cache, self._first_inode = archive, cache, first_inode
        self._listing = archive.listing
        self._names = EntryNames(archive.listing)

    def status(self, path: bytes) -> Status | None:
        """Return the status of the entry at a path, None if there is none; the empty path stands for the top."""
        row = self._row(path)
        if row is None:
            below = self._names.row_below(path) if path else None
            if path and below is None:
                return None
            return directory_status(self._first_inode if below is None else self._inode_without_entry(below))
        stored = self._listing.stored(row)
        entry = stored.entry
        # A sparse file occupies as much as its segments hold.
        held = sum(member.raw_bytes for member in stored.members) if stored.sparse else entry.size
        is_directory = entry.kind is Kind.DIRECTORY
        return {
            "st_mode": _TYPES[entry.kind] | entry.mode,
            "st_ino": self._inode(row),
            "st_nlink": 2 if is_directory else 1 + self._more_names[entry.path],
            "st_uid": entry.owner.uid,
            "st_gid": entry.owner.gid,
            "st_size": len(entry.target) if entry.kind is Kind.SYMLINK else entry.size,
            "st_blocks": -(-held // 512),
            "st_rdev": os.makedev(*entry.device) if entry.kind in (Kind.CHARACTER, Kind.BLOCK) else 0,
            "st_mtime": entry.mtime_ns,
            "st_ctime": entry.mtime_ns,
            "st_atime": entry.mtime_ns,
        }

    def entry(self, path: bytes) -> Entry | None:
        """Return the entry at a path, for a hard link that of its target; None if there is none."""
        row = self._row(path)
        return None if row is None else self._listing.stored(row).entry

    def names_in(self, path: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield each name in a directory and its inode number."""
        prefix = path + b"/" if path else b""
        for name, row in self._names.names_in(path):
            if self._listing.paths[row] == prefix + name:
                own = self._row(prefix + name)
                yield name, self._inode(row if own is None else own)
            else:
                yield name, self._inode_without_entry(row)

    def open(self, path: bytes) -> MountedContent:
        """Return the content of the file at a path.

        Raises
        ------
        KeyError
            There is no file at the path.
        Damaged
            The whole content is known to be lost.
        """
        row = self._row(path)
        stored: Stored | None = None if row is None else self._listing.stored(row)
        if stored is None or stored.entry.kind is not Kind.FILE:
            raise KeyError(path)
        return content_of(self._archive, stored, self._cache)

    def close(self) -> None:
        """Close the archive."""
        self._cache.finish()
        self._archive.close()

    def _inode(self, row: int) -> int:
        return self._first_inode + 1 + row

    def _inode_without_entry(self, below: int) -> int:
        """Return the inode number of a directory without an entry, from the first row in it.

        Directories without an entry inside of it may have the same number.
        """
        return self._first_inode + _WITHOUT_ENTRY + below

    def _row(self, path: bytes) -> int | None:
        row = self._names.row(path)
        if row is not None and self._listing.rows.kinds[row] == Kind.HARDLINK:
            return self._names.row(self._listing.stored(row).entry.target)
        return row

    @cached_property
    def _more_names(self) -> Counter[bytes]:
        """Count the hard links that each file has besides its own name."""
        kinds = self._listing.rows.kinds
        rows = (row for row in range(len(self._listing)) if kinds[row] == Kind.HARDLINK)
        return Counter(self._listing.stored(row).entry.target for row in rows)


def directory_status(inode: int) -> Status:
    """Return a status for a directory whose entry is lost, or that is in no archive."""
    return {"st_mode": stat.S_IFDIR | 0o555, "st_nlink": 2, "st_ino": inode}
