"""Gather the regular files below some directories: scandir and lstat; nothing is opened but what may mark a cache."""

import os
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from pyactivity.columns import Columns
from pyactivity.junk import CACHE_TAG, is_cache_tag, is_junk_file, junk_directory, maybe_junk
from pyactivity.model import NO_PARENT, LeftOut, Problem, Scan
from pyactivity.patterns import Patterns
from pyactivity.places import reachable

# Of a directory with a million files, so many are looked at together: an entry keeps what was seen of it.
_PIECE = 4096
_name_of = attrgetter("name")
_Entries = list[os.DirEntry[bytes]]


def gather(
    roots: Iterable[str | bytes | os.PathLike[str]],
    *,
    exclude: Iterable[str] = (),
    keep_junk: bool = False,
    one_file_system: bool = False,
    ctimes: bool = False,
) -> Scan:
    """Look at every regular file below `roots`.

    A root may be a symbolic link to a directory; links below it are not followed. A root that lies below another, or
    is named twice, is walked once. The order depends on names only: the roots as given; of a directory first its files,
    then its subdirectories, each by the bytes of their names. Whatever cannot be read becomes a problem of the scan
    and the walk goes on; what had been read of it until then is kept. A root itself is never left out.

    exclude          lines of patterns by the rules of .gitignore, relative to each root
    keep_junk        keep what systems make again: caches (CACHEDIR.TAG, and by name), thumbnails, bins
    one_file_system  stay on the file system of each root
    ctimes           also fill the column of ctimes, which takes a little longer
    Raises BadValue for a pattern that makes no sense, and ValueError for a root with a NUL in its name.
    """
    patterns = Patterns(exclude)
    walk = _Walk(Columns(ctimes), patterns, keep_junk, one_file_system)
    walk.run(list(map(os.fsencode, roots)))
    return Scan(walk.columns.freeze(), tuple(walk.problems), tuple(walk.left_out), tuple(patterns.idle()))


class _Pending(NamedTuple):
    """A directory still to be read, the index of the one above, and the device number and path length of its root."""

    path: bytes
    parent: int
    device: int
    root_length: int

    def to(self, name: bytes) -> bytes:
        """The path of what lies in it, which the entry of a long one does not know."""
        return os.path.join(self.path, name)


class _Walk:
    def __init__(self, columns: Columns, patterns: Patterns, keep_junk: bool, one_file_system: bool) -> None:
        self.columns = columns
        self.problems: list[Problem] = []
        self.left_out: list[LeftOut] = []
        self._patterns = patterns
        self._judges = len(patterns) > 0
        self._keep_junk = keep_junk
        self._one_file_system = one_file_system
        self._given: dict[tuple[int, int], bytes] = {}

    def run(self, roots: list[bytes]) -> None:
        self._identify(roots)
        pending = [
            _Pending(path, NO_PARENT, device, len(os.path.join(path, b"")))
            for (device, _), path in reversed(self._given.items())
        ]
        while pending:
            pending.extend(reversed(self._read(pending.pop())))

    def _identify(self, roots: list[bytes]) -> None:
        """The roots by (device, inode), first come first kept: paths would not show that two of them are one."""
        for path in roots:
            try:
                status = os.stat(path)
            except OSError as error:
                self._failed(path, error)
            else:
                self._given.setdefault((status.st_dev, status.st_ino), path)

    def _read(self, here: _Pending) -> list[_Pending]:
        """Add the files of a directory, and return its subdirectories."""
        try:
            # Kept until all its entries were looked at.
            with reachable(here.path) as place:
                return self._read_at(place, here)
        except OSError as error:
            self._failed(here.path, error)
            return []

    def _read_at(self, place: bytes, here: _Pending) -> list[_Pending]:
        entries = self._list(place, here)
        entries.sort(key=_name_of)
        files, inner = self._sort(entries, here)
        entries.clear()
        names = [entry.name for entry in files]
        if CACHE_TAG in names and here.parent != NO_PARENT and not self._keep_junk and _is_cache(place):
            self.left_out.append(LeftOut(here.path, "cache directory"))
            return []
        directory = self.columns.enter(here.path, here.parent)
        if self._judges or (not self._keep_junk and maybe_junk(b"/".join(names))):
            self._add_some(files, here)
        else:
            self._add(files, names, here)
        if not inner:
            return []
        below = [self._below(entry, directory, here) for entry in inner]
        return [pending for pending in below if pending is not None]

    def _list(self, place: bytes, here: _Pending) -> list[os.DirEntry[bytes]]:
        entries: list[os.DirEntry[bytes]] = []
        try:
            with os.scandir(place) as listing:
                # Not list(listing): a damaged disc can list half a directory and then fail.
                entries.extend(listing)
        except OSError as error:
            self._failed(here.path, error)
        return entries

    def _sort(
        self, entries: list[os.DirEntry[bytes]], here: _Pending
    ) -> tuple[list[os.DirEntry[bytes]], list[os.DirEntry[bytes]]]:
        """The files and the directories among the entries."""
        try:
            files = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
            if len(files) == len(entries):
                return files, []
            return files, [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:  # where the listing does not say what an entry is
            seen = [entry for entry in entries if self._can_look(entry, here)]
            return self._sort(seen, here)

    def _add(self, files: list[os.DirEntry[bytes]], names: list[bytes], here: _Pending) -> None:
        """Add files that nothing leaves out."""
        if len(files) > _PIECE:
            self._add_many(files, here)
            return
        try:
            statuses = [entry.stat(follow_symlinks=False) for entry in files]
        except OSError:
            files = [entry for entry in files if self._can_look(entry, here)]
            names = [entry.name for entry in files]
            statuses = [entry.stat(follow_symlinks=False) for entry in files]
        self.columns.extend(names, statuses)

    def _add_many(self, files: list[os.DirEntry[bytes]], here: _Pending) -> None:
        # Backwards, so that pieces can be taken off the end.
        files.reverse()
        while files:
            piece = files[: -_PIECE - 1 : -1]
            del files[-_PIECE:]
            self._add(piece, [entry.name for entry in piece], here)

    def _add_some(self, files: list[os.DirEntry[bytes]], here: _Pending) -> None:
        """Add those that are wanted."""
        wanted = [entry for entry in files if self._can_look(entry, here) and self._wanted(entry, here)]
        self._add(wanted, [entry.name for entry in wanted], here)

    def _can_look(self, entry: os.DirEntry[bytes], here: _Pending) -> bool:
        try:
            entry.stat(follow_symlinks=False)
        except OSError as error:
            self._failed(here.to(entry.name), error)
            return False
        return True

    def _wanted(self, entry: os.DirEntry[bytes], here: _Pending) -> bool:
        reason = None
        if not self._keep_junk and is_junk_file(entry.name, entry.stat(follow_symlinks=False).st_size):
            reason = "junk"
        elif pattern := self._judges and self._patterns.excluding(here.to(entry.name)[here.root_length :], False):
            reason = f"pattern '{pattern}'"
        if reason:
            self.left_out.append(LeftOut(here.to(entry.name), reason))
        return reason is None

    def _below(self, entry: os.DirEntry[bytes], directory: int, here: _Pending) -> _Pending | None:
        """A subdirectory to read, None for one to leave out."""
        path = here.to(entry.name)
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self._failed(here.to(entry.name), error)
            return None
        if (status.st_dev, status.st_ino) in self._given:
            return None
        reason = None
        if not self._keep_junk and (junk := junk_directory(path, entry.name)):
            reason = junk
        elif pattern := self._judges and self._patterns.excluding(path[here.root_length :], True):
            reason = f"pattern '{pattern}'"
        elif self._one_file_system and status.st_dev != here.device:
            reason = "another file system"
        if reason:
            self.left_out.append(LeftOut(here.to(entry.name), reason))
            return None
        return _Pending(path, directory, here.device, here.root_length)

    def _failed(self, path: bytes, error: OSError) -> None:
        self.problems.append(Problem(path, error.strerror or str(error)))


def _is_cache(path: bytes) -> bool:
    try:
        with open(os.path.join(path, CACHE_TAG), "rb") as stream:
            return is_cache_tag(stream)
    except OSError:
        return False
