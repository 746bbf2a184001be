"""Walking the sources: every entry that goes into an archive, in the order it goes in.

The sources' names form a trie, and the walk goes through the trie and the directories on disc together: a directory
before its content, the content in the order of the bytes of its names. The same tree gives the same order everywhere.

Symbolic links are stored, never followed, but for a source whose path ends in a slash. The first name met of a regular
file with several is the FILE, the others are HARDLINKs to it. Sockets are left out with a note.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from pybackup.errors import UsageError
from pybackup.host.metadata import kind_of
from pybackup.host.paths import (
    NOFOLLOW,
    PATH_MAX_BYTES,
    SEARCH_FLAGS,
    directory_prefix,
    open_at,
    open_regular,
    read_start,
)
from pybackup.model.display import display
from pybackup.model.entry import Kind
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Branch, Candidate, Excluded, Judge, Planned, Source
from pybackup.monitor import Monitor

from .planner import Lookup, Planner
from .sources import GONE, look_at, reason_of, refuse_another_file, require

OPEN_DIRECTORIES = 16  # a deeper tree has the directories further up closed, and opened again on the way back

_DIRECTORY_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)


def walk(
    sources: Iterable[Source],
    *,
    judge: Judge | None = None,
    on_excluded: Callable[[Excluded], None] | None = None,
    one_file_system: bool = False,
    monitor: Monitor,
) -> Iterator[Planned]:
    """Return an iterator over the entries of all sources, each directory before its content.

    Parameters
    ----------
    judge
        Gives the reason to leave something out. A directory left out is not entered, nor are sources named below it.
    on_excluded
        Told of everything left out.
    one_file_system
        Do not enter directories on another file system than their source; they keep their own entry.
    monitor
        Told of what cannot be read or vanished meanwhile (problems, under the path in the archive) and of sockets
        (notes).

    Raises
    ------
    UsageError
        At once: a source does not exist (but for a listed one), two have the same name in the archive, or a name is
        no relative path. While walking: a source has the name of another file in a source walked, or lies below
        something that is no directory.
    """
    top = Branch()
    for source in sources:
        top.claim(source)
        if not source.listed:
            require(source)
    return _Walk(judge, on_excluded, one_file_system, monitor).run(top)


class _Level:
    """A directory on the way down, and what of it is still to come."""

    __slots__ = ("barrier", "both", "branches", "identity", "names", "path", "place", "prefix")

    def __init__(self, path: bytes, branch: Branch | None, barrier: bytes | None = None) -> None:
        self.path = path
        self.prefix = path + b"/" if path else b""
        self.branches: dict[bytes, Branch] = (branch and branch.below) or {}
        self.names = sorted(self.branches, reverse=True)  # taken from the end
        self.both: set[bytes] = set()  # names that are on disc and in the trie
        self.place: Lookup | None = None  # none for a directory that is only a way to the sources below it
        self.identity = (0, 0)
        self.barrier = barrier  # path of what is no directory although sources are named below it

    def add(self, listing: list[bytes]) -> None:
        if self.branches:
            self.both = self.branches.keys() & set(listing)
            listing = list(self.branches.keys() | set(listing))
        listing.sort(reverse=True)
        self.names = listing

    def close(self) -> None:
        if self.place is not None and self.place.fd is not None:
            os.close(self.place.fd)
            self.place.fd = None


class _Walk:
    def __init__(
        self,
        judge: Judge | None,
        on_excluded: Callable[[Excluded], None] | None,
        one_file_system: bool,
        monitor: Monitor,
    ) -> None:
        self._judge = judge
        self._on_excluded = on_excluded
        self._one_file_system = one_file_system
        self._monitor = monitor
        self._planner = Planner(monitor)
        self._levels: list[_Level] = []
        self._path = b""  # at hand

    def run(self, top: Branch) -> Iterator[Planned]:
        try:
            self._start(top)
            while self._levels:
                level = self._levels[-1]
                if not level.names:
                    self._levels.pop().close()
                    continue
                name = level.names.pop()
                branch = level.branches.get(name)
                if branch is None or (branch.source is None and name in level.both):
                    planned = self._child(level, name, branch)
                else:
                    planned = self._named(level, name, branch)
                if planned is not None:
                    yield planned
        finally:
            for level in self._levels:
                level.close()

    def _start(self, top: Branch) -> None:
        if top.source is None:
            self._levels.append(_Level(b"", top))
            return
        planned = self._source(top.source, b"", top, None)
        if planned is not None and planned.entry.kind is not Kind.DIRECTORY:
            raise UsageError(f"{display(top.source.path)}: only a directory can be archived without a name of its own")

    def _child(self, level: _Level, name: bytes, branch: Branch | None) -> Planned | None:
        """Meet a name found in a directory."""
        self._path = level.prefix + name
        place = level.place
        if place is not None and (place.fd is not None or self._reopen(level, place)):
            try:
                status = os.stat(name, dir_fd=place.fd, follow_symlinks=False)
            except OSError as error:
                self._failed(error)
            else:
                return self._found(place, name, name, status, branch)
        self._go_on(branch, None)
        return None

    def _named(self, level: _Level, name: bytes, branch: Branch) -> Planned | None:
        """Meet a name in the trie: a source, or merely the way to one."""
        self._path = path = level.prefix + name
        source = branch.source
        if source is None:
            self._go_on(branch, level.barrier)
            return None
        if name in level.both and level.place is not None:
            refuse_another_file(level.place.source.locate(path), source)
            source = replace(source, recurse=True)  # as the directory around it is walked anyway
        return self._source(source, name, branch, level.barrier)

    def _source(self, source: Source, label: bytes, branch: Branch, barrier: bytes | None) -> Planned | None:
        above, xattrs = None, b""
        name = source.path
        try:
            if len(name) >= PATH_MAX_BYTES:
                head = name.rstrip(b"/").rpartition(b"/")[0]
                above = open_at(None, head, SEARCH_FLAGS)
                xattrs = directory_prefix(above, head)
                name = name[len(head) + 1 :]
            source, name, status = look_at(source, name, above)
        except OSError as error:
            if source.recurse or not source.listed:  # else it is only the way to others, which speak for themselves
                self._failed(error)
            self._go_on(branch, barrier)
        else:
            if barrier is not None:
                raise UsageError(f"{display(source.path)} would lie below {display(barrier)}, which is no directory")
            return self._found(Lookup(source, above, xattrs, None), name, label, status, branch)
        finally:
            if above is not None:
                os.close(above)
        return None

    def _found(
        self, place: Lookup, name: bytes, label: bytes, status: os.stat_result, branch: Branch | None
    ) -> Planned | None:
        """Judge and plan what a look-up found: ``name`` is the key in the place, ``label`` the name in the archive."""
        path = self._path
        is_directory = stat.S_ISDIR(status.st_mode)
        if self._judge is not None:
            relative = path[place.skip :] or (b"" if is_directory else label)
            read_child = partial(read_start, place.fd, name) if is_directory else _no_child
            open_file = partial(open_regular, place.fd, name)
            reason = self._judge(Candidate(path, relative, label, is_directory, status, read_child, open_file))
            if reason is not None:
                self._exclude(reason)
                return None
        kind = kind_of(status.st_mode)
        planned = None
        if kind is None:
            self._monitor.note(f"{display(path)}: a socket, left out")
        else:
            try:
                planned = self._planner.plan(place, name, path, kind, status)
            except OSError as error:
                self._failed(error)
        if is_directory:
            self._enter(place, name, status, branch)
        else:
            self._go_on(branch, place.source.locate(path))
        return planned

    def _enter(self, place: Lookup, name: bytes, status: os.stat_result, branch: Branch | None) -> None:
        level = _Level(self._path, branch)
        device = status.st_dev if place.device is None else place.device
        if self._one_file_system and status.st_dev != device:
            self._exclude("content on another file system")
        elif place.source.recurse:
            level.identity = (status.st_dev, status.st_ino)
            self._open(level, place, name, device)
        self._push(level)

    def _open(self, level: _Level, place: Lookup, name: bytes, device: int) -> None:
        # A trailing slash asks to follow a link; a name found in a directory never has one.
        flags = _DIRECTORY_FLAGS if name.endswith(b"/") else _DIRECTORY_FLAGS | NOFOLLOW
        source = place.source
        try:
            fd = os.open(name, flags, dir_fd=place.fd)
        except OSError as error:
            self._failed(error)
            return
        level.place = Lookup(source, fd, directory_prefix(fd, source.locate(level.path)), device)
        listing: list[bytes] = []
        try:
            with os.scandir(fd) as found:
                listing.extend(os.fsencode(entry.name) for entry in found)
        except OSError as error:  # halfway: what came before is good
            self._failed(error)
        level.add(listing)

    def _reopen(self, level: _Level, place: Lookup) -> bool:
        path = place.source.locate(level.path)
        try:
            place.fd = open_at(None, path, SEARCH_FLAGS)
            status = os.fstat(place.fd)
            if (status.st_dev, status.st_ino) == level.identity:
                place.xattrs = directory_prefix(place.fd, path)
                return True
            reason = "another directory took its place while it was read"
        except OSError as error:
            reason = reason_of(error)
        level.close()
        # One word for the whole directory: its names are lost, the sources named below it are not.
        self._monitor.problem(Problem(level.path, Trouble.VANISHED, f"{reason}; the rest of it is left out"))
        level.place = None
        level.names = [name for name in level.names if name in level.branches]
        return False

    def _push(self, level: _Level) -> None:
        self._levels.append(level)
        if len(self._levels) > OPEN_DIRECTORIES:
            self._levels[-1 - OPEN_DIRECTORIES].close()

    def _go_on(self, branch: Branch | None, barrier: bytes | None) -> None:
        """Go on to the sources named below what has no directory to enter."""
        if branch is not None and branch.below:
            self._push(_Level(self._path, branch, barrier))

    def _exclude(self, reason: str) -> None:
        if self._on_excluded is not None:
            self._on_excluded(Excluded(self._path, reason))

    def _failed(self, error: OSError) -> None:
        trouble = Trouble.VANISHED if error.errno in GONE else Trouble.UNREADABLE
        self._monitor.problem(Problem(self._path, trouble, reason_of(error)))


def _no_child(name: bytes, n_bytes: int) -> bytes:
    return b""
