"""Comparing a live tree with the catalogue: which files are safe, which changed since, which are nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.find import find_contents, find_in_directories
from pybackup.catalogue.media import counts_as_copy
from pybackup.catalogue.risk import copies_of
from pybackup.model.entry import Entry, Kind
from pybackup.model.filed import Medium, Sighting
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.tree.walk import walk

from .catalogue_hash import hash_file


class MediumStanding(StrEnum):
    """How a live file stands, best first."""

    SAFE = "safe"
    FEW = "too few copies"
    CHANGED = "changed since"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class CheckedMedium:
    """One live file.

    Attributes
    ----------
    copies
        Media that count and hold this content whole.
    media
        These; of a file that changed since, those with what it was before.
    """

    path: bytes
    size: int
    standing: MediumStanding
    copies: int
    media: Sequence[Medium]


def check_tree(
    catalogue: Catalogue,
    directory: bytes,
    *,
    copies: int = 1,
    checked_since_ns: int | None = None,
    checksum: bool = False,
    monitor: Monitor,
) -> Iterator[CheckedMedium]:
    """Yield how each file of a directory stands, in tree order.

    Parameters
    ----------
    copies
        How many make a file safe.
    checksum
        Read the files and go by their contents; else by size, time and the end of the path.
    """
    monitor.begin("comparing", 0, 0)
    split = _Split(catalogue, checked_since_ns)
    files = (planned.entry for planned in walk([Source(directory, b"")], monitor=monitor))
    for above, entries in groupby((e for e in files if e.kind is Kind.FILE), key=lambda entry: entry.parent):
        here = list(entries)
        called: dict[bytes, list[Sighting]] = {}
        for found in find_in_directories(catalogue, above, [entry.name for entry in here]):
            called.setdefault(found.filed.path.rpartition(b"/")[2], []).append(found)
        contents = _contents(directory, here, monitor) if checksum else _known_contents(here, called)
        same = _by_content(catalogue, contents)
        for entry in here:
            alike = called.get(entry.name, [])
            if not checksum:
                matching = [each for each in alike if _is_same(each, entry)]
            elif entry.path in contents:
                matching = []
            else:
                continue
            matching += (each for digest in contents.get(entry.path, ()) for each in same.get(digest, ()))
            yield _judge(entry, alike, matching, copies, checked_since_ns, split)
            monitor.advance(1, entry.size)
    monitor.end()


def _contents(directory: bytes, entries: Sequence[Entry], monitor: Monitor) -> dict[bytes, set[bytes]]:
    """The hash of each file; one that cannot be read is a problem."""
    contents: dict[bytes, set[bytes]] = {}
    for entry in entries:
        try:
            contents[entry.path] = {hash_file(os.path.join(directory, entry.path))}
        except OSError as error:
            monitor.problem(Problem(entry.path, Trouble.UNREADABLE, error.strerror or str(error)))
    return contents


def _known_contents(entries: Sequence[Entry], called: dict[bytes, list[Sighting]]) -> dict[bytes, set[bytes]]:
    """The hashes that the catalogue has of files of this name, size and time."""
    return {
        entry.path: {
            each.filed.sha256
            for each in called.get(entry.name, ())
            if each.filed.sha256 and not each.filed.sparse and _is_same(each, entry)
        }
        for entry in entries
    }


def _by_content(catalogue: Catalogue, contents: dict[bytes, set[bytes]]) -> dict[bytes, list[Sighting]]:
    """Where these contents are, under whatever names."""
    same: dict[bytes, list[Sighting]] = {}
    for found in find_contents(catalogue, sorted(set().union(*contents.values()))):
        if found.filed.sha256:
            same.setdefault(found.filed.sha256, []).append(found)
    return same


def _is_same(found: Sighting, entry: Entry) -> bool:
    return (found.filed.size, found.filed.mtime_ns) == (entry.size, entry.mtime_ns)


class _Split:
    """How many copies there are of contents that go on over volumes; each is asked for once."""

    def __init__(self, catalogue: Catalogue, checked_since_ns: int | None) -> None:
        self._catalogue = catalogue
        self._since = checked_since_ns
        self._known: dict[bytes, int] = {}

    def copies(self, same: Sequence[Sighting]) -> int:
        """Return the number of copies of the content of these, where any of them is a part; 0 where none is."""
        digest = next((each.filed.sha256 for each in same if each.filed.parts and each.filed.sha256), None)
        if digest is None:
            return 0
        if digest not in self._known:
            with self._catalogue.reading() as connection:
                self._known[digest] = copies_of(connection, [digest], self._since)[digest]
        return self._known[digest]


def _judge(
    entry: Entry,
    called: Sequence[Sighting],
    same: Sequence[Sighting],
    copies: int,
    checked_since_ns: int | None,
    split: _Split,
) -> CheckedMedium:
    media = {
        known.id: known
        for each in same
        for known in each.media
        if counts_as_copy(known, checked_since_ns=checked_since_ns)
    }
    whole = {known for each in same if not each.filed.parts for known in (m.id for m in each.media) if known in media}
    number = max(len(whole), split.copies(same))
    if same:
        standing = MediumStanding.SAFE if number >= copies else MediumStanding.FEW
        return CheckedMedium(entry.path, entry.size, standing, number, tuple(media.values()))
    before = {known.id: known for each in called for known in each.media}
    standing = MediumStanding.CHANGED if called else MediumStanding.NOWHERE
    return CheckedMedium(entry.path, entry.size, standing, 0, tuple(before.values()))
