"""What changed between two states of a tree: archives, sets, or the live directory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum

from pybackup.archive.find import is_protected, volumes_in
from pybackup.archive.open import OpenArchive, open_archive
from pybackup.archive.same_content import same_bytes, same_live_content
from pybackup.archive.suffixes import is_called_volume
from pybackup.errors import FormatError, UsageError
from pybackup.host.directories import files_in
from pybackup.host.storage import ArchiveFile
from pybackup.model.entry import Entry, Kind, tree_key
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Planned, Source
from pybackup.monitor import Monitor
from pybackup.selection.times import same_time
from pybackup.tree.walk import walk

from .compare import differing, sources_of

_WHOLE_DIGEST_BYTES = 32


class What(StrEnum):
    """How a path changed."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class Change:
    """A path that differs.

    Attributes
    ----------
    path
        The path in the new state, or in the old one if it was removed.
    respects
        How a changed entry differs: type, content, size, mode, owner, time, target, device, xattrs, link.
    size_before, size
        The sizes of a regular file in bytes; None for other entries, and if there was or is none.
    former
        The former path of an entry that was renamed or moved.
    """

    what: What
    path: bytes
    respects: Sequence[str] = ()
    size_before: int | None = None
    size: int | None = None
    former: bytes = b""


@dataclass(frozen=True, slots=True)
class _State:
    """An entry in one of the two states, archived or live."""

    entry: Entry
    stored: Stored | None = None
    planned: Planned | None = None

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content, if an archive has it."""
        stored = self.stored
        if stored is None or stored.sparse or len(stored.digest) < _WHOLE_DIGEST_BYTES:
            return b""
        return stored.digest


def diff(old: bytes, new: bytes, *, checksum: bool = False, monitor: Monitor) -> list[Change]:
    """Return what changed from one state to another, in tree order.

    Each is an archive or a set (a directory of volumes, or any volume); the new one may also be a live directory. An
    archive that builds on earlier ones is compared as the whole tree; the earlier ones need not be at hand.

    Parameters
    ----------
    checksum
        Compare the content of each live file; otherwise it is compared only if the time differs.

    Raises
    ------
    UsageError
        There is no such file or directory, or the old one is a live directory.
    """
    with ExitStack() as stack:
        before = _open(old, stack, monitor)
        after = _live(before, new, monitor) if _is_live(new) else _states(_open(new, stack, monitor))
        return _Comparison(before.file, checksum, monitor).changes(_states(before), after)


def diff_trees(old: bytes, new: bytes, *, checksum: bool = False, monitor: Monitor) -> list[Change]:
    """Return what changed from one directory to another, in tree order; two snapshots share what is unchanged.

    Parameters
    ----------
    checksum
        Compare the content of each file that the two do not share; otherwise only if the time differs.

    Raises
    ------
    UsageError
        There is no such directory.
    """
    return _Comparison(None, checksum, monitor).changes(_tree(old, monitor), _tree(new, monitor))


def _tree(directory: bytes, monitor: Monitor) -> Iterator[_State]:
    for planned in walk([Source(directory.rstrip(b"/") + b"/", b"")], monitor=monitor):
        yield _State(planned.entry, planned=planned)


def _is_live(path: bytes) -> bool:
    """Return whether a directory is a live tree, not one with volumes; images without archives are no volumes."""
    if not os.path.isdir(path):
        return False
    called = filter(is_called_volume, files_in(path))
    return not any(is_protected(each) or any(volumes_in(each)) for each in called)


def _open(path: bytes, stack: ExitStack, monitor: Monitor) -> OpenArchive:
    if _is_live(path):
        raise UsageError(f"{os.fsdecode(path)}: is a live directory; name the archive first")
    archive = stack.enter_context(open_archive(path, with_earlier=True, monitor=monitor))
    if not archive.listing.complete:
        monitor.problem(Problem(path, Trouble.LOST, archive.listing.incompleteness))
    return archive


def _states(archive: OpenArchive) -> Iterator[_State]:
    for stored in archive.listing:
        yield _State(stored.entry, stored)


def _live(archive: OpenArchive, directory: bytes, monitor: Monitor) -> Iterator[_State]:
    for planned in walk(sources_of(archive.listing, directory), monitor=monitor):
        yield _State(planned.entry, planned=planned)


class _Comparison:
    """Compares two states; both are in tree order."""

    def __init__(self, file: ArchiveFile | None, checksum: bool, monitor: Monitor) -> None:
        self._file = file
        self._checksum = checksum
        self._monitor = monitor

    def changes(self, before: Iterable[_State], after: Iterable[_State]) -> list[Change]:
        """Return all changes; an entry that was removed in one place and added in another was renamed."""
        removed: list[_State] = []
        added: list[_State] = []
        found: list[Change] = []
        for old, new in _paired(before, after):
            if old is None:
                assert new is not None
                added.append(new)
            elif new is None:
                removed.append(old)
            elif change := self._changed(old, new):
                found.append(change)
        renamed = self._renamed(removed, added)
        gone = {former.entry.path for former in renamed.values()}
        found += (_change(What.REMOVED, old, None) for old in removed if old.entry.path not in gone)
        for new in added:
            former = renamed.get(new.entry.path)
            found.append(_change(What.RENAMED if former else What.ADDED, former, new))
        return sorted(found, key=lambda change: tree_key(change.path))

    def _changed(self, old: _State, new: _State) -> Change | None:
        kind, kinds = new.entry.kind, {old.entry.kind, new.entry.kind}
        respects = [name for name, _ in differing(old.entry, new.entry)]
        if Kind.HARDLINK in kinds and kinds <= {Kind.FILE, Kind.HARDLINK}:
            # Either another name of the file comes first now, or it links to another file: the names show which.
            is_other = len(kinds) > 1 or "target" in respects
            return _change(What.CHANGED, old, new, ("link",)) if is_other else None
        if len(kinds) > 1:
            return _change(What.CHANGED, old, new, ("type",))
        if kind is Kind.DIRECTORY and "time" in respects:
            respects.remove("time")  # it only shows that an entry was added or removed there, which is reported itself
        if kind is Kind.FILE and "size" not in respects and not self._is_same(old, new):
            respects.append("content")
        return _change(What.CHANGED, old, new, tuple(respects)) if respects else None

    def _is_same(self, old: _State, new: _State) -> bool:
        """Return whether two files of the same size have the same content; without a hash, their times are compared."""
        if new.planned is None:
            if old.digest and new.digest:
                return old.digest == new.digest
            return old.entry.mtime_ns == new.entry.mtime_ns
        if _is_one_file(old, new):
            return True
        if not self._checksum and same_time(old.entry.mtime_ns, new.entry.mtime_ns):
            return True
        return self._has_content(old, new.planned)

    def _has_content(self, old: _State, planned: Planned) -> bool:
        try:
            if old.planned is not None:
                return same_bytes(old.planned.path, planned.path)
            assert old.stored is not None
            assert self._file is not None
            return same_live_content(self._file, old.stored, planned.path)
        except (OSError, FormatError) as error:
            self._monitor.problem(Problem(planned.entry.path, Trouble.UNREADABLE, str(error)))
            return False

    def _renamed(self, removed: Sequence[_State], added: Sequence[_State]) -> dict[bytes, _State]:
        """Return the former path of each renamed file: that of a removed file with the same content, each used once."""
        by_size: dict[int, list[_State]] = {}
        for old in reversed(removed):
            if old.entry.kind is Kind.FILE and old.entry.size and (old.digest or old.planned):
                by_size.setdefault(old.entry.size, []).append(old)
        found: dict[bytes, _State] = {}
        for new in added:
            if new.entry.kind is not Kind.FILE:
                continue
            candidates = by_size.get(new.entry.size, [])
            same = next((old for old in reversed(candidates) if self._is_moved(old, new)), None)
            if same is not None:
                candidates.remove(same)
                found[new.entry.path] = same
        return found

    def _is_moved(self, old: _State, new: _State) -> bool:
        if new.planned is None:
            return old.digest == new.digest
        return _is_one_file(old, new) or self._has_content(old, new.planned)


def _is_one_file(old: _State, new: _State) -> bool:
    """Return whether two live entries are hard links to one file."""
    one, other = old.planned, new.planned
    return one is not None and other is not None and (one.dev, one.ino) == (other.dev, other.ino)


def _paired(before: Iterable[_State], after: Iterable[_State]) -> Iterator[tuple[_State | None, _State | None]]:
    """Yield the entries of two states in pairs with the same path; both are in tree order."""
    olds, news = iter(before), iter(after)
    old, new = next(olds, None), next(news, None)
    while old is not None or new is not None:
        key = min(tree_key(state.entry.path) for state in (old, new) if state is not None)
        has_old = old is not None and tree_key(old.entry.path) == key
        has_new = new is not None and tree_key(new.entry.path) == key
        yield old if has_old else None, new if has_new else None
        old = next(olds, None) if has_old else old
        new = next(news, None) if has_new else new


def _change(what: What, old: _State | None, new: _State | None, respects: Sequence[str] = ()) -> Change:
    entry = new.entry if new else old.entry if old else None
    assert entry is not None
    former = old.entry.path if what is What.RENAMED and old else b""
    return Change(what, entry.path, respects, _size(old), _size(new), former)


def _size(state: _State | None) -> int | None:
    return state.entry.size if state and state.entry.kind is Kind.FILE else None
