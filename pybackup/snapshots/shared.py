"""What snapshots share: a new one compared with the one before, and the bytes that only one snapshot holds."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from pybackup.host.paths import open_at

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_BLOCK = 512  # of st_blocks, whatever the file system

_Listing = dict[bytes, "os.DirEntry[str]"]


@dataclass(slots=True)
class Shared:
    """How a snapshot compares with the one before it. Regular files are counted, each name of a hard link.

    Attributes
    ----------
    linked, new, changed, deleted
        The same file under the name; a new name; another file under the name; a name that is gone.
    unlinked
        Changed ones with the same size, time, mode and owner as before, which should have been linked.
    full
        Unlinked ones whose former file has as many names as the file system allows.
    alone_bytes
        What removing the snapshot would free now.
    most_links
        The most names that any of its files has in all snapshots together.
    """

    linked: int = 0
    new: int = 0
    changed: int = 0
    deleted: int = 0
    unlinked: int = 0
    full: int = 0
    alone_bytes: int = 0
    most_links: int = 0


@dataclass(slots=True)
class _Names:
    """Counts the names of files with several names, to know which files have all of them in this snapshot."""

    seen: dict[int, list[int]] = field(default_factory=dict)

    def count(self, status: os.stat_result) -> None:
        known = self.seen.setdefault(status.st_ino, [0, status.st_nlink, status.st_blocks * _BLOCK])
        known[0] += 1

    def alone_bytes(self) -> int:
        return sum(n_bytes for names, links, n_bytes in self.seen.values() if names == links)


def compare_with_former(
    path: bytes,
    former: bytes | None,
    on_copied: Callable[[bytes, os.stat_result], None] | None = None,
    link_limit: int = 0,
) -> Shared:
    """Compare a snapshot with the one before it.

    Parameters
    ----------
    former
        The path of the one before; None for the first.
    on_copied
        Called for each file that the two do not share, with its path in the snapshot and its status.
    link_limit
        How many names a file may have; 0 to ask the file system.

    Raises
    ------
    OSError
    """
    found, names = Shared(), _Names()
    limit = link_limit or os.pathconf(path, "PC_LINK_MAX")
    left: list[tuple[bytes, bool, bool]] = [(b"", True, former is not None)]
    while left:
        relative, is_here, was_here = left.pop()
        now = _listed(path, relative) if is_here else {}
        before = _listed(former, relative) if was_here and former is not None else {}
        for name in now.keys() | before.keys():
            entry, old = now.get(name), before.get(name)
            here, there = _is_directory(entry), _is_directory(old)
            if here or there:
                left.append((os.path.join(relative, name), here, there))
            is_copied = _count_entry(None if here else entry, None if there else old, found, names, limit)
            if is_copied and entry is not None and on_copied is not None:
                on_copied(os.path.join(relative, name), entry.stat(follow_symlinks=False))
    found.alone_bytes += names.alone_bytes()
    return found


def _count_entry(
    entry: os.DirEntry[str] | None, old: os.DirEntry[str] | None, found: Shared, names: _Names, limit: int
) -> bool:
    """Count an entry; return whether it is a file that the snapshot before does not have."""
    had = old is not None and old.is_file(follow_symlinks=False)
    if entry is None or not entry.is_file(follow_symlinks=False):
        found.deleted += had
        return False
    status = entry.stat(follow_symlinks=False)
    found.most_links = max(found.most_links, status.st_nlink)
    if old is None or not had:
        found.new += 1
    elif old.inode() == status.st_ino:
        found.linked += 1
        return False  # shared with the one before, so not alone
    else:
        found.changed += 1
        before = old.stat(follow_symlinks=False)
        if _is_alike(status, before):
            found.unlinked += 1
            found.full += before.st_nlink >= limit
    if status.st_nlink == 1:
        found.alone_bytes += status.st_blocks * _BLOCK
    else:
        names.count(status)
    return True


def _is_alike(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_size, one.st_mtime_ns, one.st_mode, one.st_uid, one.st_gid) == (
        other.st_size,
        other.st_mtime_ns,
        other.st_mode,
        other.st_uid,
        other.st_gid,
    )


def alone_bytes(path: bytes) -> int:
    """Return how many bytes would be freed if this snapshot were removed.

    Raises
    ------
    OSError
    """
    regular = (status for _, status in files_of(path) if stat.S_ISREG(status.st_mode))
    told = ((status.st_ino, status.st_nlink, status.st_blocks) for status in regular)
    rows = np.fromiter(told, dtype=[("inode", "u8"), ("links", "u8"), ("blocks", "u8")])
    _, first, counts = np.unique(rows["inode"], return_index=True, return_counts=True)
    kept = rows[first]
    return int(kept["blocks"][counts == kept["links"]].sum()) * _BLOCK


def files_of(path: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
    """Yield the path in a snapshot, and the status, of everything in it but directories.

    Raises
    ------
    OSError
    """
    left = [b""]
    while left:
        relative = left.pop()
        for name, entry in _listed(path, relative).items():
            below = os.path.join(relative, name)
            if entry.is_dir(follow_symlinks=False):
                left.append(below)
            else:
                yield below, entry.stat(follow_symlinks=False)


def _listed(root: bytes, relative: bytes) -> _Listing:
    """Return the entries of a directory by name, each with its status read."""
    fd = open_at(None, os.path.join(root, relative) if relative else root, _DIRECTORY)
    try:
        with os.scandir(fd) as entries:
            found = {os.fsencode(entry.name): entry for entry in entries}
            for entry in found.values():
                entry.stat(follow_symlinks=False)  # while the descriptor is open, which it needs
            return found
    finally:
        os.close(fd)


def _is_directory(entry: os.DirEntry[str] | None) -> bool:
    return entry is not None and entry.is_dir(follow_symlinks=False)
