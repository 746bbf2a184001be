"""Making entries of what a walk finds: hard links are told apart, owners and extended attributes are read."""

from __future__ import annotations

import os

from pybackup.host.metadata import OwnerNames, SharedXattrs, entry_from_stat, read_xattrs
from pybackup.model.entry import NO_XATTRS, Kind
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Planned, Source
from pybackup.monitor import Monitor


class Lookup:
    """Where a name is looked up: in an open directory of a source, or the source itself by its path.

    Attributes
    ----------
    fd
        The open directory; None for a path.
    xattrs
        Before a name, makes the path to read its attributes by.
    device
        Of the source itself; None until it is known.
    skip
        So many bytes of a path in the archive are the name of the source and a slash.
    """

    __slots__ = ("device", "fd", "skip", "source", "xattrs")

    def __init__(self, source: Source, fd: int | None, xattrs: bytes, device: int | None) -> None:
        self.source = source
        self.fd = fd
        self.xattrs = xattrs
        self.device = device
        self.skip = 0 if source.listed or not source.name else len(source.name) + 1


class Planner:
    """Makes the entries of one walk; what of their metadata cannot be had is a problem."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._owners = OwnerNames()
        self._shared: SharedXattrs = {}
        self._links: dict[tuple[int, int], bytes] = {}
        self._devices: dict[int, int] = {}

    def plan(self, place: Lookup, name: bytes, path: bytes, kind: Kind, status: os.stat_result) -> Planned:
        """Return the entry of a name that was looked up; a further name of a file becomes a hard link.

        Parameters
        ----------
        path
            In the archive.
        status
            Of what has that name, no link followed.

        Raises
        ------
        OSError
            A symbolic link cannot be read.
        """
        dev = self._devices.setdefault(status.st_dev, status.st_dev)  # one object for all, as for modes
        ino = status.st_ino
        target = b""
        if kind is Kind.FILE and status.st_nlink > 1:
            target = self._links.setdefault((dev, ino), path)
            if target is path:
                target = b""
            else:
                kind = Kind.HARDLINK
        elif kind is Kind.SYMLINK:
            target = os.readlink(name, dir_fd=place.fd)

        def lost(reason: str) -> None:
            self._monitor.problem(Problem(path, Trouble.METADATA, reason))

        xattrs = NO_XATTRS  # of a hard link: the FILE has them
        if kind is not Kind.HARDLINK:
            xattrs = read_xattrs(place.xattrs + name, lost=lost, shared=self._shared)
        owner = self._owners.owner(status.st_uid, status.st_gid)
        entry = entry_from_stat(path, kind, status, owner, target=target, xattrs=xattrs)
        if entry.mtime_ns != status.st_mtime_ns:
            lost(f"its time, {status.st_mtime_ns // 10**9:,} s since 1970, is beyond what an archive can hold")
        return Planned(entry, place.source, dev, ino)
