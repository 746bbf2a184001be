"""The operations of a FUSE file system, for the tree of one archive, or for the trees of all runs of a chain."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterable, Mapping

import mfusepy

from pybackup.errors import PybackupError
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .contents import MountedContent
from .tree import INODES, MountedTree, directory_status

LATEST = b"latest"
_TOP, _LATEST_INODE = 1, 2
_LATEST_STATUS = {"st_mode": stat.S_IFLNK | 0o777, "st_nlink": 1, "st_ino": _LATEST_INODE}


class ArchiveFileSystem(mfusepy.Operations):  # type: ignore[misc] # an optional package, untyped where it is missing
    """A read-only file system of one or several trees; reading a lost part of them gives the error EIO.

    Parameters
    ----------
    trees
        Functions that open the tree of each run, by the name of its directory at the top; a single archive has the
        empty name and is the top itself. A tree is opened when something in it is first accessed.
    latest
        The name of the newest run, to which the link ``latest`` points.
    notice
        A message to show once the file system is mounted; empty for none.
    """

    use_ns = True

    def __init__(
        self,
        trees: Mapping[bytes, Callable[[], MountedTree]],
        monitor: Monitor,
        *,
        latest: bytes = b"",
        notice: str = "",
    ) -> None:
        self._trees, self._latest, self._monitor = trees, latest, monitor
        self._is_alone, self._notice = b"" in trees, notice
        self._opened: dict[bytes, MountedTree] = {}
        self._contents: dict[int, MountedContent] = {}
        self._next = 1
        self._reported: set[bytes] = set()
        self._lock = threading.RLock()

    def init(self, path: str) -> None:
        """Show the notice, now that the file system is mounted."""
        if self._notice:
            self._monitor.note(self._notice)

    def getattr(self, path: str, fh: int | None = None) -> Mapping[str, int]:
        """Return the status of a path."""
        name, below = self._split(path)
        if name is None:
            return directory_status(_TOP)
        if name == LATEST and not below and self._latest:
            return _LATEST_STATUS | {"st_size": len(self._latest)}
        found = self._tree(name).status(below)
        if found is None:
            raise mfusepy.FuseOSError(errno.ENOENT)
        return found

    def readdir(self, path: str, fh: int) -> Iterable[tuple[str, dict[str, int], int]]:
        """Yield the names in a directory, each with an inode number, since the kernel hides names with number 0."""
        name, below = self._split(path)
        if name is None:
            found = [*((run, INODES * number) for number, run in enumerate(self._trees, 1))]
            found += [(LATEST, _LATEST_INODE)] if self._latest else []
        else:
            found = [*self._tree(name).names_in(below)]
        named = [(b".", _TOP), (b"..", _TOP), *found]
        return [(os.fsdecode(each), {"st_ino": inode}, 0) for each, inode in named]

    def readlink(self, path: str) -> str:
        """Return the target of a symbolic link."""
        name, below = self._split(path)
        if name == LATEST and not below and self._latest:
            return os.fsdecode(self._latest)
        entry = self._tree(name).entry(below)
        if entry is None:
            raise mfusepy.FuseOSError(errno.ENOENT)
        return os.fsdecode(entry.target)

    def open(self, path: str, flags: int) -> int:
        """Open a file and return its handle."""
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise mfusepy.FuseOSError(errno.EROFS)
        name, below = self._split(path)
        try:
            content = self._tree(name).open(below)
        except KeyError:
            raise mfusepy.FuseOSError(errno.ENOENT) from None
        except PybackupError as error:
            raise self._lost(below, error) from None
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._contents[number] = content
        return number

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """Return a part of an open file."""
        try:
            return self._contents[fh].read(offset, size)
        except PybackupError as error:
            raise self._lost(self._split(path)[1], error) from None

    def release(self, path: str, fh: int) -> int:
        """Close a file."""
        with self._lock:
            self._contents.pop(fh).close()
        return 0

    def listxattr(self, path: str) -> list[str]:
        """Return the names of the extended attributes."""
        return [os.fsdecode(name) for name in self._xattrs(path)]

    def getxattr(self, path: str, name: str, position: int = 0) -> bytes:
        """Return an extended attribute."""
        found = self._xattrs(path).get(os.fsencode(name))
        if found is None:
            raise mfusepy.FuseOSError(errno.ENODATA)
        return found

    def destroy(self, path: str) -> None:
        """Close all files and archives."""
        for content in self._contents.values():
            content.close()
        for tree in self._opened.values():
            tree.close()

    def _xattrs(self, path: str) -> Mapping[bytes, bytes]:
        name, below = self._split(path)
        if name is None or name == LATEST:
            return {}
        entry = self._tree(name).entry(below)
        return entry.xattrs if entry else {}

    def _split(self, path: str) -> tuple[bytes | None, bytes]:
        """Return the name of the run and the path in its tree; (None, path) for the top above several runs."""
        whole = os.fsencode(path).strip(b"/")
        if self._is_alone:
            return b"", whole
        name, _, below = whole.partition(b"/")
        return name or None, below

    def _tree(self, name: bytes | None) -> MountedTree:
        if name is None or name not in self._trees:
            raise mfusepy.FuseOSError(errno.ENOENT)
        with self._lock:
            if name not in self._opened:
                try:
                    self._opened[name] = self._trees[name]()
                except PybackupError as error:
                    raise self._lost(name, error) from None
            return self._opened[name]

    def _lost(self, path: bytes, error: PybackupError) -> OSError:
        """Report, once for each file or run, that a part of it is lost; return the error EIO."""
        with self._lock:
            if path not in self._reported:
                self._reported.add(path)
                self._monitor.problem(Problem(path, Trouble.LOST, str(error)))
        return mfusepy.FuseOSError(errno.EIO)  # type: ignore[no-any-return]
