"""Gather the regular files below some directories: scandir and lstat, and nothing that is opened or followed."""

import os
from array import array
from collections.abc import Iterable, Iterator
from operator import attrgetter
from stat import S_ISDIR, S_ISREG
from typing import NamedTuple

import numpy as np

from pyactivity.model import NO_PARENT, Files, Problem, Scan

_INT64 = np.iinfo(np.int64)


def gather(roots: Iterable[str | bytes | os.PathLike[str]], *, one_file_system: bool = False) -> Scan:
    """Look at every regular file below `roots`.

    A root may be a symbolic link to a directory; links below it are not followed. A root that lies below another, or
    is named twice, is walked once. The order depends on names only: the roots as given; of a directory first its files,
    then its subdirectories, each by the bytes of their names. Whatever cannot be read becomes a problem of the scan
    and the walk goes on; what had been read of it until then is kept.

    one_file_system: stay on the file system of each root.
    Raises ValueError for a root with a NUL in its name.
    """
    columns, problems = _Columns(), list[Problem]()
    given = _identify(map(os.fsencode, roots), problems)
    pending = [_Pending(path, NO_PARENT, device) for (device, _), path in reversed(given.items())]
    while pending:
        here = pending.pop()
        directory = columns.enter(here)
        inner: list[_Pending] = []
        for name, status in _look(here.path, problems):
            if S_ISREG(status.st_mode):
                columns.add(directory, name, status.st_mtime_ns, status.st_size)
            elif S_ISDIR(status.st_mode):
                elsewhere = one_file_system and status.st_dev != here.device
                if not elsewhere and (status.st_dev, status.st_ino) not in given:
                    inner.append(_Pending(os.path.join(here.path, name), directory, here.device))
        pending.extend(reversed(inner))
    return Scan(columns.freeze(), tuple(problems))


class _Pending(NamedTuple):
    """A directory still to be read, the index of the one above, and the device number of its root."""

    path: bytes
    parent: int
    device: int


def _identify(roots: Iterable[bytes], problems: list[Problem]) -> dict[tuple[int, int], bytes]:
    """The roots by (device, inode), first come first kept: paths would not show that two of them are one."""
    given: dict[tuple[int, int], bytes] = {}
    for path in roots:
        try:
            status = os.stat(path)
        except OSError as error:
            problems.append(_problem(path, error))
        else:
            given.setdefault((status.st_dev, status.st_ino), path)
    return given


def _look(path: bytes, problems: list[Problem]) -> Iterator[tuple[bytes, os.stat_result]]:
    """The (name, lstat) of what lies in one directory, by name; the directory is closed before the first comes."""
    entries: list[os.DirEntry[bytes]] = []
    try:
        with os.scandir(path) as listing:
            # One by one, for a damaged disc can list half a directory and then fail.
            for entry in listing:
                entries.append(entry)
    except OSError as error:
        problems.append(_problem(path, error))
    entries.sort(key=attrgetter("name"))
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            problems.append(_problem(entry.path, error))
        else:
            yield entry.name, status


def _problem(path: bytes, error: OSError) -> Problem:
    return Problem(path, error.strerror or str(error))


class _Columns:
    """The columns of `Files` while they grow."""

    def __init__(self) -> None:
        self._mtime_ns, self._size_bytes, self._name_ends = array("q"), array("q"), array("q")
        self._directory, self._parents = array("i"), array("i")
        self._names = bytearray()
        self._directories: list[bytes] = []

    def enter(self, directory: _Pending) -> int:
        """Add a directory and return its index."""
        self._directories.append(directory.path)
        self._parents.append(directory.parent)
        return len(self._directories) - 1

    def add(self, directory: int, name: bytes, mtime_ns: int, size_bytes: int) -> None:
        """Add a file of the directory of that index."""
        try:
            self._mtime_ns.append(mtime_ns)
        except OverflowError:
            # Btrfs and tmpfs keep 64 bits of seconds: a broken clock must not end the run.
            self._mtime_ns.append(int(_INT64.max if mtime_ns > 0 else _INT64.min))
        self._size_bytes.append(size_bytes)
        self._directory.append(directory)
        self._names += name
        self._name_ends.append(len(self._names))

    def freeze(self) -> Files:
        """The columns as they stand; nothing is added afterwards."""
        return Files(
            mtime_ns=np.array(self._mtime_ns, np.int64),
            size_bytes=np.array(self._size_bytes, np.int64),
            directory=np.array(self._directory, np.int32),
            names=bytes(self._names),
            name_ends=np.array(self._name_ends, np.int64),
            directories=tuple(self._directories),
            parents=np.array(self._parents, np.int32),
        )
