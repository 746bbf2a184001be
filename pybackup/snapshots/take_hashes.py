"""Taking the hashes of files that a run has copied, while they are still in the system's cache."""

from __future__ import annotations

import os

from pybackup.host.hash_file import hash_file
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .hashes import HashStore

_BATCH = 1000


class HashTaker:
    """Takes the hash of each file that is new in a snapshot.

    Parameters
    ----------
    root
        The directory of the snapshot.
    read
        Take the hashes; else only former files' hashes are forgotten whose inode numbers the new files have.
    """

    def __init__(self, hashes: HashStore, root: bytes, *, read: bool, monitor: Monitor) -> None:
        self._hashes = hashes
        self._root = root
        self._read = read
        self._monitor = monitor
        self._linked: set[int] = set()  # inodes of files with several names
        self._rows: list[tuple[os.stat_result, bytes, bytes]] = []

    def take(self, path: bytes, status: os.stat_result) -> None:
        """Take the hash of a file that the snapshot before does not share; one that cannot be read is a problem."""
        if status.st_nlink > 1:
            if status.st_ino in self._linked:
                return
            self._linked.add(status.st_ino)
            known = self._hashes.remembered(status, path)
            if known and (known.size, known.mtime_ns) == (status.st_size, status.st_mtime_ns):
                return  # linked to an older snapshot than the last one
        if not self._read:
            self._hashes.forget([status.st_ino])
            return
        try:
            self._rows.append((status, path, hash_file(os.path.join(self._root, path))))
        except OSError as error:
            self._monitor.problem(Problem(path, Trouble.UNREADABLE, error.strerror or str(error)))
        self._monitor.advance(1, status.st_size)
        if len(self._rows) >= _BATCH:
            self.finish()

    def finish(self) -> None:
        """Write the last hashes down."""
        self._hashes.remember(self._rows)
        self._rows.clear()
