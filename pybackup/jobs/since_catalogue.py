"""Leaving out of a new archive the files that are safe on media in the catalogue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby

from pybackup.catalogue.connect import Catalogue, open_catalogue
from pybackup.catalogue.default import configured
from pybackup.catalogue.live import CheckedFile, FileStanding
from pybackup.errors import UsageError
from pybackup.host.hash_file import hash_file
from pybackup.model.display import display
from pybackup.model.entry import Entry, Kind
from pybackup.model.source import Excluded, Planned
from pybackup.options import values
from pybackup.options.making import Making

from .catalogue_check import Judging

_MOST_LABELS = 4


@contextmanager
def open_safe_files(asked: Making) -> Iterator[SafeFiles]:
    """Yield the files that are safe according to the catalogue.

    Raises
    ------
    UsageError, EnvironmentFailed, Damaged
        There is no catalogue, or it cannot be read.
    """
    address = configured(asked.catalogue)
    if address is None:
        reason = "there is no catalogue; 'pybackup catalogue init' makes one"
        raise UsageError(reason, option="since_catalogue", hint="asks one")
    age_ns = values.maybe(asked.known_unchecked, values.age)
    with open_catalogue(address) as catalogue:
        yield SafeFiles(
            catalogue,
            copies=1 if asked.known_copies is None else values.positive(asked.known_copies),
            checked_since_ns=None if age_ns is None else time.time_ns() - age_ns,
            checksum=asked.checksum,
        )


class SafeFiles:
    """The files of which the catalogue knows enough copies.

    A file is looked up by name, size and time. If that finds nothing, or with ``checksum``, it is looked up by content
    under any name. Only media for which `pybackup.catalogue.media.counts_as_copy` count. Empty files, and entries
    without content, are never left out.

    Parameters
    ----------
    copies
        The number of media that must have a file.
    checked_since_ns
        Media not checked since this time (nanoseconds since 1970) do not count; None to count all.
    """

    def __init__(
        self, catalogue: Catalogue, *, copies: int = 1, checked_since_ns: int | None = None, checksum: bool = False
    ) -> None:
        self._judging = Judging(catalogue, copies=copies, checked_since_ns=checked_since_ns)
        self._checksum = checksum
        self._left_out: dict[bytes, str] = {}  # by path: files with further names that were left out, and why

    def without(self, planned: Iterable[Planned], on_excluded: Callable[[Excluded], None]) -> Iterator[Planned]:
        """Yield all entries except files that are safe; further names of a file are treated like its first name."""
        for _, alike in groupby(planned, key=lambda one: (one.entry.parent, one.entry.kind is Kind.FILE)):
            some = list(alike)
            reasons = self._reasons(some) if some[0].entry.kind is Kind.FILE else {}
            for one in some:
                entry = one.entry
                reason = self._left_out.get(entry.target) if entry.kind is Kind.HARDLINK else reasons.get(entry.path)
                if reason is None:
                    yield one
                    continue
                on_excluded(Excluded(entry.path, reason))
                self._left_out[entry.path] = reason

    def _reasons(self, files: Sequence[Planned]) -> dict[bytes, str]:
        """Return why files of one directory are left out, by path."""
        here = [one.entry for one in files if one.entry.size]
        above = _within(files[0])
        reasons: dict[bytes, str] = {}
        if not self._checksum:
            reasons = {each.path: _reason(each) for each in self._judging.by_name(above, here) if _is_safe(each)}
        contents = {}
        for one in files:
            if one.entry.size and one.entry.path not in reasons:
                # A file that cannot be read is reported when it is archived.
                with suppress(OSError):
                    contents[one.entry.path] = {hash_file(one.path)}
        left: list[Entry] = [entry for entry in here if entry.path in contents]
        found = self._judging.by_content(above, left, contents)
        return reasons | {each.path: _reason(each) for each in found if _is_safe(each)}


def _is_safe(found: CheckedFile) -> bool:
    return found.standing is FileStanding.SAFE


def _reason(found: CheckedFile) -> str:
    labels = [display(known.label.encode()) for known in found.media]
    more = f" and {len(labels) - _MOST_LABELS} more" if len(labels) > _MOST_LABELS else ""
    return f"safe on {', '.join(labels[:_MOST_LABELS])}{more}"


def _within(planned: Planned) -> bytes:
    """Return the path of a file's directory, relative to the parent of its source, as media may have other parents."""
    name = planned.source.name
    return planned.entry.parent[len(name) + 1 :] if name else planned.entry.parent
