"""Who may read what is made: nobody who could not read all that it is made of."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterable
from typing import Self

# All who could read a file belong to one of these two: its group, if all others may not.
_GROUP_READS, _OTHERS_READ = stat.S_IRGRP, stat.S_IROTH
_GROUP_ENTERS, _OTHERS_ENTER = stat.S_IXGRP, stat.S_IXOTH
_NEW_FILE = 0o666
_UMASK = threading.Lock()


class Readers:
    """Who may read everything that was added: groups by number, or all others too."""

    def __init__(self) -> None:
        self._others = True
        # None for any.
        self._groups: set[int] | None = None
        # What was asked for already: of each path where it really lies, and the directories that were added.
        self._places: dict[bytes, bytes] = {}
        self._above: set[bytes] = set()

    @classmethod
    def of(cls, paths: Iterable[bytes]) -> Self:
        """Return who may read all of these files, and whatever lies in those that are directories."""
        readers = cls()
        for path in paths:
            readers.add_path(path)
            if os.path.isdir(path):
                try:
                    with os.scandir(path) as entries:
                        for entry in entries:
                            readers._add_status(entry.stat())
                except OSError:
                    # What cannot be asked may be private.
                    readers.add(0, 0)
        return readers

    def add_path(self, path: bytes) -> None:
        """Add a file or a directory where it lies."""
        try:
            self._add_status(os.stat(path))
        except OSError:
            # What cannot be asked may be private.
            self.add(0, 0)
        self.add_above(path)

    def add_above(self, path: bytes) -> None:
        """Add the directories that something lies in: who may not enter each of them cannot read it."""
        where = self._place(path.rstrip(b"/") or path)
        while where != (above := os.path.dirname(where)) and above not in self._above:
            where = above
            self._above.add(where)
            try:
                status = os.stat(where)
                self.add(status.st_mode, status.st_gid, directory=True, listed=False)
            except OSError:
                self.add(0, 0)

    def _place(self, path: bytes) -> bytes:
        """Where a path really lies; the way to what lies beside one that was asked for is not followed again."""
        above, name = os.path.split(path)
        if name in (b"", b".", b"..") or os.path.islink(path):
            return os.path.realpath(path)
        if above not in self._places:
            self._places[above] = os.path.realpath(above)
        place = self._places[path] = os.path.join(self._places[above], name)
        return place

    def _add_status(self, status: os.stat_result) -> None:
        self.add(status.st_mode, status.st_gid, directory=stat.S_ISDIR(status.st_mode))

    def add(self, mode: int, group: int, *, directory: bool = False, listed: bool = True) -> None:
        """Add what has this mode and group; of a directory it counts who may enter it, and list it if that matters."""
        for_others = (_OTHERS_ENTER if directory else 0) | (_OTHERS_READ if listed else 0)
        for_group = (_GROUP_ENTERS if directory else 0) | (_GROUP_READS if listed else 0)
        if mode & for_others == for_others:
            # Then all may, but for members of a group that may not.
            if mode & for_group != for_group:
                self._others, self._groups = False, set()
            return
        self._others = False
        groups = {group} if mode & for_group == for_group else set()
        self._groups = groups if self._groups is None else self._groups & groups

    def mode(self, group: int) -> int:
        """Return the mode of a new file of a group: what the umask leaves, and no more than these readers."""
        allowed = stat.S_IRUSR | stat.S_IWUSR
        if self._groups is None or group in self._groups:
            allowed |= stat.S_IRGRP | stat.S_IWGRP
        if self._others:
            allowed |= stat.S_IROTH | stat.S_IWOTH
        return _NEW_FILE & ~_umask() & allowed


ANYONE = Readers()


def _umask() -> int:
    """Ask for the umask; the system tells it only to who sets it."""
    with _UMASK:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask
