"""Leaving out of a new archive the files that are safe on media in the catalogue."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby

from pybackup.catalogue.connect import Catalogue, open_catalogue
from pybackup.catalogue.counted import CountedCopies, Counts
from pybackup.catalogue.default import configured
from pybackup.catalogue.live import CheckedFile
from pybackup.catalogue.media import counts_as_copy
from pybackup.catalogue.runs import runs
from pybackup.errors import UsageError
from pybackup.host.hash_file import hash_file
from pybackup.make.baseline import KnownCopy
from pybackup.model.catalogued import Sighting
from pybackup.model.display import display
from pybackup.model.earlier import EarlierVolume
from pybackup.model.entry import Kind
from pybackup.model.source import Excluded, Planned
from pybackup.options import values
from pybackup.options.making import Making

from .catalogue_check import Judging

_MOST_LABELS = 4


@contextmanager
def open_safe_files(asked: Making, output: bytes) -> Iterator[SafeFiles]:
    """Yield the files that are safe according to the catalogue.

    Parameters
    ----------
    output
        The prefix of the paths that will be written. Media at such paths do not count as copies: they may be replaced.

    Raises
    ------
    UsageError, EnvironmentFailed, Damaged
        There is no catalogue, or it cannot be read.
    """
    address = configured(asked.catalogue)
    if address is None:
        reason = "there is no catalogue; 'pybackup catalogue init' makes one"
        raise UsageError(reason, option="skip_known", hint="asks one")
    age_ns = values.maybe(asked.known_unchecked, values.age)
    is_told = asked.chain is not None or bool(values.paths(asked.since_archive))
    with open_catalogue(address) as catalogue:
        own = {held.identity for run in runs(catalogue, asked.chain) for held in run.volumes} if asked.chain else set()
        yield SafeFiles(
            catalogue,
            copies=1 if asked.known_copies is None else values.positive(asked.known_copies),
            checked_since_ns=None if age_ns is None else time.time_ns() - age_ns,
            checksum=asked.checksum,
            counts=CountedCopies(os.path.realpath(output), own, only_in_archives=is_told),
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
    counts
        See `Judging`.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        copies: int = 1,
        checked_since_ns: int | None = None,
        checksum: bool = False,
        counts: Counts | None = None,
    ) -> None:
        self._judging = Judging(catalogue, copies=copies, checked_since_ns=checked_since_ns, counts=counts)
        self._since = checked_since_ns
        self._checksum = checksum
        self._left_out: dict[bytes, str] = {}  # by path: files with further names that were left out, and why

    def without(self, planned: Iterable[Planned], on_excluded: Callable[[Excluded], None]) -> Iterator[Planned]:
        """Yield all entries except files that are safe; further names of a file are treated like its first name."""
        for _, alike in groupby(planned, key=lambda one: (one.entry.parent, one.entry.kind is Kind.FILE)):
            some = list(alike)
            safe = self._safe(some) if some[0].entry.kind is Kind.FILE else ()
            reasons = {each.path: _reason(each) for each in safe}
            for one in some:
                entry = one.entry
                reason = self._left_out.get(entry.target) if entry.kind is Kind.HARDLINK else reasons.get(entry.path)
                if reason is None:
                    yield one
                    continue
                on_excluded(Excluded(entry.path, reason))
                self._left_out[entry.path] = reason

    def copies(self, files: Sequence[Planned]) -> dict[bytes, KnownCopy]:
        """Return, by path, where the safe files of one directory are; each is whole in one archive."""
        return {each.path: self._copy(each) for each in self._safe(files)}

    def _copy(self, safe: CheckedFile) -> KnownCopy:
        """Return the archive with the most media that count; of several, the one last checked, then the newest."""
        best = max(safe.same, key=self._worth)
        assert best.filed.sha256
        return KnownCopy(EarlierVolume(best.volume.identity, best.volume.name), best.filed.sha256, _reason(safe))

    def _worth(self, found: Sighting) -> tuple[int, int, int]:
        counted = [known for known in found.media if counts_as_copy(known, checked_since_ns=self._since)]
        return len(counted), max((known.checked_ns or 0 for known in counted), default=0), found.volume.id

    def _safe(self, files: Sequence[Planned]) -> list[CheckedFile]:
        """Return those files of one directory that are safe."""
        here = [one.entry for one in files if one.entry.size]
        above = _within(files[0])
        safe: dict[bytes, CheckedFile] = {}
        if not self._checksum:
            safe = {each.path: each for each in self._judging.by_name(above, here) if each.is_safe}
        contents = {}
        for one in files:
            if one.entry.size and one.entry.path not in safe:
                # A file that cannot be read is reported when it is archived.
                with suppress(OSError):
                    contents[one.entry.path] = {hash_file(one.path)}
        found = self._judging.by_content(above, [entry for entry in here if entry.path in contents], contents)
        return [*safe.values(), *(each for each in found if each.is_safe)]


def _reason(found: CheckedFile) -> str:
    labels = [display(known.label.encode()) for known in found.media]
    more = f" and {len(labels) - _MOST_LABELS} more" if len(labels) > _MOST_LABELS else ""
    return f"safe on {', '.join(labels[:_MOST_LABELS])}{more}"


def _within(planned: Planned) -> bytes:
    """Return the path of a file's directory, relative to the parent of its source, as media may have other parents."""
    name = planned.source.name
    return planned.entry.parent[len(name) + 1 :] if name else planned.entry.parent
