"""Leaving out of an archive the files that earlier archives already hold, and recording where those are."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import groupby
from types import TracebackType
from typing import Self

from pybackup.archive.open import OpenArchive, open_archive
from pybackup.container.earlier import EarlierTable
from pybackup.errors import UsageError
from pybackup.model.content import Former
from pybackup.model.display import display
from pybackup.model.earlier import Ancestry, EarlierVolume
from pybackup.model.entry import Entry, Kind, directories_above
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Excluded, Planned
from pybackup.monitor import Monitor

from .earlier_archive import EarlierArchive
from .earlier_contents import EarlierContents
from .earlier_tables import EarlierTables
from .reuse import Reuse

_WITH_CONTENT = (Kind.FILE, Kind.HARDLINK)


@dataclass(frozen=True, slots=True)
class KnownCopy:
    """A copy of a file's content in an archive that is not at hand, and is none of the earlier ones.

    Attributes
    ----------
    digest
        SHA-256 of the content, by which it is found in that archive.
    reason
        Why the file need not be stored, for people.
    """

    volume: EarlierVolume
    digest: bytes
    reason: str


Known = Callable[[Sequence[Planned]], Mapping[bytes, KnownCopy]]
"""Returns, by path, which of the files of one directory have safe copies."""


class EarlierArchives:
    """The files that earlier archives hold; a context manager.

    If several archives have an entry with the path of a file, the one named last decides. The file is unchanged if its
    size and mtime are the same there, where the mtime may be cut as coarser file systems cut it (FAT to 2 s), which is
    noted once; or, with ``checksum``, if its size and content are the same. A file at a new path that has the size,
    mtime and SHA-256 of an archived one was renamed, moved or copied, and is left out too. A file is archived again if
    an earlier archive has only a part of it, or it changed while it was read there, or its row in a damaged index is
    lost.

    Parameters
    ----------
    archives
        The paths of the earlier archives, or of any volume or the directory of a set.
    output
        The archive to be made. It may not be one of ``archives``, as it would replace the files that it leaves out.
    checksum
        Compare the content of files instead of their mtimes.
    unsafe
        Ids of archives and volumes that are lost or suspect: their files are archived again.
    paths
        The paths of further archives that ``archives`` build on, by id.
    reuse
        Decides which parts of a large changed file are stored again; None to store all of it.
    known
        Decides which files have safe copies elsewhere. It decides again in each run: files that an earlier archive
        knows by hash alone count as not archived.
    monitor
        Gets notes about archives of which not all entries are known.

    Raises
    ------
    UsageError
        There is no such archive, or it is the output.
    FormatError
        A file is no archive.
    """

    def __init__(
        self,
        archives: Sequence[bytes],
        *,
        output: bytes,
        checksum: bool,
        unsafe: Collection[bytes] = (),
        paths: Mapping[bytes, bytes] | None = None,
        reuse: Reuse | None = None,
        known: Known | None = None,
        monitor: Monitor,
    ) -> None:
        self._known = known
        self._known_copies: dict[bytes, KnownCopy] = {}  # of files whose other names may follow
        self._monitor = monitor
        with ExitStack() as stack:
            opened = [stack.enter_context(_open(archive, output, monitor)) for archive in archives]
            self._stack = stack.pop_all()
        self._latest_first = [EarlierArchive(archive, unsafe, paths or {}) for archive in reversed(opened)]
        self._tables = EarlierTables(self._latest_first)
        self._contents = EarlierContents(self._latest_first, checksum=checksum, reuse=reuse, monitor=monitor)
        self.files = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def formers(self) -> Mapping[bytes, Former]:
        """By path: what changed files can reuse of their earlier content."""
        return self._contents.formers

    @property
    def own_ids(self) -> set[bytes]:
        """The ids of the earlier archives, or of their sets."""
        return {earlier.set_id for earlier in self._latest_first}

    @property
    def ancestry(self) -> Ancestry:
        """What the new archive records about the earlier archives, and about those that they build on."""
        return Ancestry(self._tables.volumes, self.files)

    @property
    def tables(self) -> Sequence[EarlierTable]:
        """The tables of entries that are in earlier archives, as far as `without` has gone through the tree."""
        return self._tables.ordered

    def without(self, planned: Iterable[Planned], on_excluded: Callable[[Excluded], None]) -> Iterator[Planned]:
        """Yield the entries that go into the new archive, in tree order, and enter the others into the tables.

        The former content of a changed file is entered too, in case the file cannot be read.

        Parameters
        ----------
        on_excluded
            Called for each entry that is left out.
        """
        empty: dict[bytes, Planned] = {}  # by path: directories in which nothing was found so far
        for one, found, copy in self._sought(planned):
            entry = one.entry
            empty.pop(entry.path.rpartition(b"/")[0], None)
            if entry.kind is Kind.DIRECTORY:
                self._tables.add_directory(entry)
                empty[entry.path] = one
            if found is not None:
                earlier, stored = found
                self._tables.enter(earlier, stored, entry)
                reason = earlier.reason
            elif copy is not None:
                self._tables.enter_by_hash(copy.volume, copy.digest, entry)
                reason = copy.reason
            else:
                self._enter_former(entry)
                yield one
                continue
            self.files += entry.kind is Kind.FILE
            on_excluded(Excluded(entry.path, reason))
        for path, count in self.keep([path for path, one in empty.items() if self._is_suspect(one)]).items():
            reason = f"is empty but had {count:,} files: is nothing mounted here? They are not taken for deleted"
            self._monitor.problem(Problem(path, Trouble.CHANGED, reason))

    def _sought(
        self, planned: Iterable[Planned]
    ) -> Iterator[tuple[Planned, tuple[EarlierArchive, Stored] | None, KnownCopy | None]]:
        """Yield each planned entry with the place of its content in an earlier archive, or else with a known copy."""
        pairs = ((one, self._contents.find(one) if one.entry.kind in _WITH_CONTENT else None) for one in planned)
        if self._known is None:
            yield from ((one, found, None) for one, found in pairs)
            return
        # The files of a directory are looked up together.
        for _, alike in groupby(pairs, key=lambda pair: (pair[0].entry.parent, pair[0].entry.kind is Kind.FILE)):
            some = list(alike)
            new = [one for one, found in some if found is None and one.entry.kind is Kind.FILE]
            copies = self._known(new) if new else {}
            for one, found in some:
                entry = one.entry
                of_link = self._known_copies.get(entry.target) if entry.kind is Kind.HARDLINK else None
                copy = None if found else copies.get(entry.path) or of_link
                if copy is not None:
                    self._known_copies[entry.path] = copy
                yield one, found, copy

    def _is_suspect(self, planned: Planned) -> bool:
        """Return whether an empty directory looks like a mount point on which nothing is mounted.

        Deleting or moving a file changes the mtime of its directory. So a directory that had files, is empty now and
        has no later mtime must be another one. A directory named as a source is always expected to have files.
        """
        entry = planned.entry
        for earlier in self._latest_first:
            if (row := earlier.rows.get(entry.path)) is not None:
                paths = earlier.archive.listing.paths
                had_any = row + 1 < len(paths) and paths[row + 1].startswith(entry.path + b"/")
                former = earlier.archive.listing.stored(row).entry
                is_older = entry.mtime_ns <= former.mtime_ns
                return had_any and (is_older or entry.path == planned.source.name) and _is_empty(planned.path)
        return False

    def keep(self, unread: Collection[bytes]) -> dict[bytes, int]:
        """Enter everything at and below unreadable paths as it was, and return the number of files of each path.

        That a path cannot be read does not mean that its files were deleted.
        """
        kept: dict[bytes, int] = {}
        if not unread:
            return kept
        for earlier in self._latest_first:
            left = set(unread) - kept.keys()
            for row, path in enumerate(earlier.archive.listing.paths):
                of = next((above for above in (*directories_above(path), path) if above in left), None)
                if of is not None:
                    stored = earlier.archive.listing.stored(row)
                    self._tables.enter(earlier, stored, stored.entry)
                    kept[of] = kept.get(of, 0) + (stored.entry.kind is Kind.FILE)
        self.files += sum(kept.values())
        return kept

    def _enter_former(self, entry: Entry) -> None:
        """Enter the former content of a file that will be read, if its size or mtime differs from the new one's."""
        for earlier in self._latest_first:
            if (row := earlier.rows.get(entry.path)) is not None:
                stored = earlier.file(row)
                former = (stored.entry.size, stored.entry.mtime_ns) if stored else None
                # Contents of the same size and mtime would be taken for one.
                if stored is not None and former != (entry.size, entry.mtime_ns):
                    self._tables.enter(earlier, stored, replace(stored.entry, path=entry.path))
                return


def _open(path: bytes, output: bytes, monitor: Monitor) -> OpenArchive:
    if os.path.exists(path) and os.path.exists(output) and os.path.samefile(path, output):
        what = "the new archive cannot replace an earlier one that it builds on; choose another name"
        raise UsageError(f"{display(output)}: {what}")
    archive = open_archive(path, with_earlier=True)
    if not archive.listing.complete:
        monitor.note(f"{display(path)}: part of its index is lost; files without an entry count as new")
    return archive


def _is_empty(path: bytes) -> bool:
    """Return whether a directory on the disk is empty, and not just because its files were excluded."""
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is None
    except OSError:
        return False
