"""Comparing a live tree with the catalogue: which files are safe, which changed since, which are nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.counted import Counts, counted
from pybackup.catalogue.find import find_contents, find_in_directories
from pybackup.catalogue.live import CheckedFile, SplitContents, judge
from pybackup.host.hash_file import hash_file
from pybackup.model.catalogued import Sighting
from pybackup.model.entry import Entry, Kind
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.tree.walk import walk

Contents = Mapping[bytes, set[bytes]]
"""By the path of a file: the hashes known of its content; empty if nothing is known."""


class Judging:
    """Judges how safe files are, those of one directory at a time.

    Parameters
    ----------
    copies
        How many copies make a file safe.
    checked_since_ns
        Media not checked since this time (nanoseconds since 1970) do not count as copies; None to count all.
    counts
        Which of the catalogue's entries count, and on which media; None for all as they are.
    """

    def __init__(
        self, catalogue: Catalogue, *, copies: int, checked_since_ns: int | None, counts: Counts | None = None
    ) -> None:
        self._catalogue = catalogue
        self._counts = counts
        self._copies = copies
        self._since = checked_since_ns
        self._split = SplitContents(catalogue, checked_since_ns)

    def by_name(self, above: bytes, here: Sequence[Entry]) -> Iterator[CheckedFile]:
        """Yield the verdict on each file of a directory, found in the catalogue by name, size and time.

        Parameters
        ----------
        above
            The end of the directory's path in the catalogue; empty for any directory.
        """
        called = self._called(above, here)
        contents = {
            entry.path: {
                each.filed.sha256
                for each in called.get(entry.name, ())
                if each.filed.sha256 and not each.filed.sparse and _is_same(each, entry)
            }
            for entry in here
        }
        same = self._by_content(contents)
        for entry in here:
            alike = called.get(entry.name, [])
            yield self._judged(entry, alike, [each for each in alike if _is_same(each, entry)], contents, same)

    def by_content(self, above: bytes, here: Sequence[Entry], contents: Contents) -> Iterator[CheckedFile]:
        """Yield the verdict on each file, found in the catalogue by content under any name."""
        called, same = self._called(above, here), self._by_content(contents)
        for entry in here:
            yield self._judged(entry, called.get(entry.name, []), [], contents, same)

    def _judged(
        self,
        entry: Entry,
        called: Sequence[Sighting],
        matching: Sequence[Sighting],
        contents: Contents,
        same: Mapping[bytes, Sequence[Sighting]],
    ) -> CheckedFile:
        found = [*matching, *(each for digest in contents[entry.path] for each in same.get(digest, ()))]
        return judge(entry, called, found, self._copies, self._since, self._split)

    def _called(self, above: bytes, here: Sequence[Entry]) -> dict[bytes, list[Sighting]]:
        called: dict[bytes, list[Sighting]] = {}
        names = [entry.name for entry in here]
        for found in counted(find_in_directories(self._catalogue, above, names), self._counts):
            called.setdefault(found.filed.path.rpartition(b"/")[2], []).append(found)
        return called

    def _by_content(self, contents: Contents) -> dict[bytes, list[Sighting]]:
        """Return the sightings of these contents under any names, by path of the live file."""
        same: dict[bytes, list[Sighting]] = {}
        for found in counted(find_contents(self._catalogue, sorted(set().union(*contents.values()))), self._counts):
            if found.filed.sha256:
                same.setdefault(found.filed.sha256, []).append(found)
        return same


def check_tree(
    catalogue: Catalogue,
    directory: bytes,
    *,
    copies: int = 1,
    checked_since_ns: int | None = None,
    checksum: bool = False,
    monitor: Monitor,
) -> Iterator[CheckedFile]:
    """Yield the verdict on each file of a directory, in tree order.

    Parameters
    ----------
    copies
        How many copies make a file safe.
    checksum
        Read the files and look for their contents; otherwise for their size, time and the end of their path.
    """
    monitor.begin("comparing", 0, 0)
    judging = Judging(catalogue, copies=copies, checked_since_ns=checked_since_ns)
    files = (planned.entry for planned in walk([Source(directory, b"")], monitor=monitor))
    for above, entries in groupby((e for e in files if e.kind is Kind.FILE), key=lambda entry: entry.parent):
        here = list(entries)
        if checksum:
            contents = _contents(directory, here, monitor)
            found = judging.by_content(above, [entry for entry in here if entry.path in contents], contents)
        else:
            found = judging.by_name(above, here)
        for each in found:
            yield each
            monitor.advance(1, each.size)
    monitor.end()


def _contents(directory: bytes, entries: Sequence[Entry], monitor: Monitor) -> dict[bytes, set[bytes]]:
    """Return the hash of each file; a file that cannot be read is a problem."""
    contents: dict[bytes, set[bytes]] = {}
    for entry in entries:
        try:
            contents[entry.path] = {hash_file(os.path.join(directory, entry.path))}
        except OSError as error:
            monitor.problem(Problem(entry.path, Trouble.UNREADABLE, error.strerror or str(error)))
    return contents


def _is_same(found: Sighting, entry: Entry) -> bool:
    return (found.filed.size, found.filed.mtime_ns) == (entry.size, entry.mtime_ns)
