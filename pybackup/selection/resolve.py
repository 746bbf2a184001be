"""From a selection to sources: look at every chosen file again, and tell what changed since it was chosen."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

from pybackup.host.paths import list_at, lstat_at
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Source
from pybackup.monitor import Monitor

from .chosen import Chosen, ChosenArea, ChosenFile
from .filelist import ROOT_NAME

_INT64_MAX = (1 << 63) - 1  # where pyactivity's columns end: the years 1677 and 2262
_GONE = {errno.ENOENT, errno.ENOTDIR}


def sources_from_selection(chosen: Chosen, *, monitor: Monitor) -> list[Source]:
    """Return the sources for the files of a selection, and for the directories on the way to them.

    Files are archived as if the root were a source: ``letters/1.txt`` of the root ``/home/me/docs`` as
    ``docs/letters/1.txt``. Directories on the way come in as they are on disc, with nothing in them but what was
    chosen. A file chosen twice comes once.

    A file that changed is archived as it is now; one that vanished, or is no regular file any more, is left out. Each
    is a problem, and so is an area in which there are not as many files and bytes as there were.
    """
    root = chosen.root.rstrip(b"/")
    resolver = _Resolver(root, os.path.basename(root) or ROOT_NAME, monitor)
    found: dict[bytes, None] = {}
    for file in chosen.files:
        if file.path not in found and resolver.check(file):
            found[file.path] = None
    for area in chosen.areas:
        found.update(dict.fromkeys(resolver.gather(area)))
    return resolver.sources(found)


class _Resolver:
    def __init__(self, root: bytes, name: bytes, monitor: Monitor) -> None:
        self._prefix = root + b"/"
        self._name = name
        self._monitor = monitor

    def sources(self, paths: dict[bytes, None]) -> list[Source]:
        ways: dict[bytes, None] = {}
        for path in paths:
            way = path.rpartition(b"/")[0]
            while way not in ways:
                ways[way] = None
                if not way:
                    break
                way = way.rpartition(b"/")[0]
        prefix = self._prefix
        sources = [
            Source(prefix + way + b"/" if way else prefix, self._archived(way), recurse=False, listed=True)
            for way in ways
        ]
        return sources + [Source(prefix + path, self._archived(path), listed=True) for path in paths]

    def check(self, file: ChosenFile) -> bool:
        """Return whether a file is still there, and tell if it is another one."""
        try:
            status = lstat_at(self._prefix + file.path)
        except OSError as error:
            self._failed(file.path, error)
            return False
        if not stat.S_ISREG(status.st_mode):
            self._tell(file.path, Trouble.CHANGED, "no regular file any more, as when it was selected; left out")
            return False
        changes = []
        if status.st_size != file.size:
            changes.append(f"{file.size} bytes when it was selected, {status.st_size} now")
        if _saturated(status.st_mtime_ns) != _saturated(file.mtime_ns):
            changes.append("modified since it was selected")
        if changes:
            self._tell(file.path, Trouble.CHANGED, "; ".join(changes))
        return True

    def gather(self, area: ChosenArea) -> list[bytes]:
        """Return the files of an area, and tell if there are more or fewer than there were."""
        found: list[bytes] = []
        n_bytes = 0
        for path, status in self._walk(area):
            time_ns = _saturated(status.st_ctime_ns if area.by == "ctime" else status.st_mtime_ns)
            if _saturated(area.from_ns) <= time_ns <= _saturated(area.until_ns):
                found.append(path)
                n_bytes += status.st_size
        if (len(found), n_bytes) != (area.files, area.n_bytes):
            then, now = _content(area.files, area.n_bytes), _content(len(found), n_bytes)
            self._tell(area.under, Trouble.CHANGED, f"{then} when they were selected, {now} now")
        return found

    def _walk(self, area: ChosenArea) -> Iterator[tuple[bytes, os.stat_result]]:
        """The regular files of an area that are not excluded; links are not followed."""
        pending = [area.under]
        while pending:
            here = pending.pop()
            inner: list[bytes] = []
            for path in self._names(here):
                if path in area.exclude:
                    continue
                try:
                    status = lstat_at(self._prefix + path)
                except OSError as error:
                    self._failed(path, error)
                    continue
                if stat.S_ISDIR(status.st_mode):
                    inner.append(path)
                elif stat.S_ISREG(status.st_mode):
                    yield path, status
            pending.extend(reversed(inner))

    def _names(self, directory: bytes) -> list[bytes]:
        try:
            names = sorted(list_at(self._prefix + directory))
        except OSError as error:
            self._failed(directory, error)
            return []
        return [directory + b"/" + name if directory else name for name in names]

    def _archived(self, path: bytes) -> bytes:
        return self._name + b"/" + path if path else self._name

    def _failed(self, path: bytes, error: OSError) -> None:
        if error.errno in _GONE:
            self._tell(path, Trouble.VANISHED, "it was there when it was selected")
        else:
            self._tell(path, Trouble.UNREADABLE, error.strerror or str(error))

    def _tell(self, path: bytes, trouble: Trouble, reason: str) -> None:
        self._monitor.problem(Problem(self._archived(path), trouble, reason))


def _content(files: int, n_bytes: int) -> str:
    return f"{files} file{'' if files == 1 else 's'} of {n_bytes} bytes"


def _saturated(time_ns: int) -> int:
    return max(-_INT64_MAX - 1, min(_INT64_MAX, time_ns))
