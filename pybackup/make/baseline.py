"""Leaving out of an archive the files that earlier archives already hold, and recording where those are."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import groupby
from types import TracebackType
from typing import Self

from pybackup.archive.holders import ancestry_of, holders
from pybackup.archive.open import OpenArchive, open_archive
from pybackup.container.earlier import EarlierTable
from pybackup.errors import UsageError
from pybackup.model.content import Former
from pybackup.model.display import display
from pybackup.model.earlier import Ancestry, EarlierVolume
from pybackup.model.entry import Entry, Kind, directories_above
from pybackup.model.member import Member, Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Excluded, Planned
from pybackup.monitor import Monitor
from pybackup.selection.times import same_time

from .earlier_archive import EarlierArchive, has_content
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
        self._checksum = checksum
        self._reuse = reuse
        self._known = known
        self._known_copies: dict[bytes, KnownCopy] = {}  # of files whose other names may follow
        self._monitor = monitor
        self._told = False
        with ExitStack() as stack:
            opened = [stack.enter_context(_open(archive, output, monitor)) for archive in archives]
            self._stack = stack.pop_all()
        self._latest_first = [EarlierArchive(archive, unsafe, paths or {}) for archive in reversed(opened)]
        self._directories: dict[bytes, Entry] = {}
        self._tables: dict[bytes, EarlierTable] = {}  # by the id of the archive
        self.formers: dict[bytes, Former] = {}
        self._moved: dict[bytes, tuple[EarlierArchive, Stored]] = {}  # where moved files were found
        self.files = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def own_ids(self) -> set[bytes]:
        """The ids of the earlier archives, or of their sets."""
        return {earlier.set_id for earlier in self._latest_first}

    @property
    def ancestry(self) -> Ancestry:
        """What the new archive records about the earlier archives, and about those that they build on."""
        volumes = (volume for earlier in reversed(self._latest_first) for volume in ancestry_of(earlier.archive))
        told = list(dict.fromkeys(volumes))
        ids = {volume.archive_id for volume in told}
        told += (table.volume for identity, table in self._tables.items() if identity not in ids)
        return Ancestry(told, self.files)

    @property
    def tables(self) -> Sequence[EarlierTable]:
        """The tables of entries that are in earlier archives, as far as `without` has gone through the tree."""
        # The base of a file comes before the archives that build on it.
        order = {volume.archive_id: at for at, volume in enumerate(self.ancestry.volumes)}
        return sorted(self._tables.values(), key=lambda table: order.get(table.volume.archive_id, -1))

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
                self._directories[entry.path] = entry
                empty[entry.path] = one
            if found is not None:
                earlier, stored = found
                self._enter(earlier, stored, entry)
                reason = earlier.reason
            elif copy is not None:
                self._enter_known(copy, entry)
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
        pairs = ((one, self._find(one) if one.entry.kind in _WITH_CONTENT else None) for one in planned)
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

    def _enter_known(self, copy: KnownCopy, entry: Entry) -> None:
        """Enter a file, or another name of one, whose content is known to be in an archive by its hash."""
        is_link = entry.kind is Kind.HARDLINK
        members = () if is_link else (Member.by_hash(entry.size, copy.digest),)
        above = [self._directories[path] for path in directories_above(entry.path) if path in self._directories]
        self._table_of(copy.volume).add(Stored(entry, members, digest=b"" if is_link else copy.digest), above)

    def _table_of(self, volume: EarlierVolume) -> EarlierTable:
        table = self._tables.get(volume.archive_id)
        if table is None:
            # An earlier archive keeps the label that others have for it, whatever its present name is.
            same = (each for each in self.ancestry.volumes if each.archive_id == volume.archive_id)
            table = self._tables[volume.archive_id] = EarlierTable(next(same, volume))
        return table

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
                    self._enter(earlier, stored, stored.entry)
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
                    self._enter(earlier, stored, replace(stored.entry, path=entry.path))
                return

    def _enter(self, earlier: EarlierArchive, stored: Stored, entry: Entry) -> None:
        """Enter an entry into the tables of the archives that have its content, or of ``earlier`` if it has none."""
        known = earlier.archive.listing
        above = [
            self._directories.get(path) or known.stored(earlier.rows[path]).entry
            for path in directories_above(entry.path)
            if path in self._directories or path in earlier.rows
        ]
        if stored.base is not None:
            self._enter(earlier, stored.base, replace(stored.base.entry, path=entry.path))
        parts = holders(earlier.archive, stored)
        if not parts or entry.kind is Kind.HARDLINK:
            parts = [(parts[0][0] if parts else earlier.volume, Stored(entry))]
        for volume, part in parts:
            self._table_of(volume).add(part._replace(entry=entry), above)

    def _find(self, planned: Planned) -> tuple[EarlierArchive, Stored] | None:
        """Return the earlier archive and row with the content of an entry, or of a hard link's target; else None."""
        entry = planned.entry
        is_link = entry.kind is Kind.HARDLINK
        for earlier in self._latest_first:
            row = earlier.rows.get(entry.target if is_link else entry.path)
            if row is None:
                continue
            stored = earlier.file(row)
            if stored is not None and stored.is_by_hash:
                return None
            if stored is not None and (earlier.taken[row] if is_link else self._is_unchanged(earlier, stored, planned)):
                earlier.taken[row] = True
                return earlier, stored
            if stored is not None and not is_link and (same := self._reused(earlier, stored, planned)) is not None:
                earlier.taken[row] = True
                return earlier, same
            # Stock tools extract the archives of a chain one after the other, so an older version in a later archive
            # than the newest would win.
            return None
        return self._find_moved(planned)

    def _is_time_of(self, mtime_ns: int, entry: Entry) -> bool:
        """Return whether an entry has this mtime, exactly or as a file system with coarser times cuts it."""
        if mtime_ns == entry.mtime_ns:
            return True
        if not same_time(mtime_ns, entry.mtime_ns):
            return False
        if not self._told:
            self._told = True
            said = "its time differs only as coarse file systems cut times (FAT to 2 s); such files count as unchanged"
            self._monitor.note(f"{display(entry.path)}: {said}")
        return True

    def _is_unchanged(self, earlier: EarlierArchive, stored: Stored, planned: Planned) -> bool:
        entry = planned.entry
        if stored.entry.size != entry.size:
            return False
        if not self._checksum:
            return self._is_time_of(stored.entry.mtime_ns, entry)
        return has_content(earlier, stored, planned)

    def _reused(self, earlier: EarlierArchive, stored: Stored, planned: Planned) -> Stored | None:
        """Return the row of the content of a large file if it has that still, or again; else None.

        In the latter case the reusable parts of the earlier content are entered into `formers`.
        """
        former = stored.entry
        # Contents of the same size and mtime would be taken for one.
        if self._reuse is None or (former.size, former.mtime_ns) == (planned.entry.size, planned.entry.mtime_ns):
            return None
        if planned.entry.size < self._reuse.least_bytes:
            return None
        found = self._reuse.of(earlier, stored, planned)
        if found is None:
            return None
        if found.former is None:
            return found.base
        self.formers[planned.entry.path] = found.former
        return None

    def _find_moved(self, planned: Planned) -> tuple[EarlierArchive, Stored] | None:
        """Return the archive and row with the same content under another path, found by size, mtime and SHA-256."""
        entry = planned.entry
        if entry.kind is Kind.HARDLINK:
            return self._moved.get(entry.target)
        if not entry.size:
            return None
        for earlier in self._latest_first:
            for row in earlier.rows_of(entry.size, entry.mtime_ns):
                stored = earlier.file(row)
                if stored is None or stored.sparse or stored.is_by_hash:
                    continue
                if has_content(earlier, stored, planned):
                    self._moved[entry.path] = earlier, stored
                    return earlier, stored
        return None


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
