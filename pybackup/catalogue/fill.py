"""Entering volumes and media: each volume in one transaction, all of it or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.catalogued import NewMedium, NewVolume
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Phase

from .bulk import delete_entries, insert_rows, next_id, rebuilding_indexes
from .connect import Catalogue
from .directories import Directories, find_directory
from .media import set_covers
from .recognise import fitting, recognise_medium, storable
from .schema import MAX_NAME_BYTES, entry, volume
from .schema import base as base_of_entry

_ENTER = "enter"
_ENTER_WORK = 5000  # an entry takes as long as reading and hashing so many bytes
_TOLD_ENTRIES = 1000

Rows = Callable[[], Iterable[Filed]]
"""Returns an iterator over the entries of a volume, each time from the beginning."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The result of entering a volume.

    Attributes
    ----------
    volume_id, medium_id
        Where it is in the catalogue; the medium is None where there is none.
    label
        Of the medium.
    new_volume, new_medium
        Whether it was not known before.
    changed
        Whether it was known with other content, which this replaced.
    added, altered, gone
        If it changed: how many entries are new, have another size or time, or are no longer there.
    """

    volume_id: int
    medium_id: int | None
    label: str
    new_volume: bool
    new_medium: bool
    changed: bool
    added: int = 0
    altered: int = 0
    gone: int = 0


def phase_of_entering(entries: int) -> Phase:
    """Return the phase for `Monitor.plan` in which a volume of so many entries is entered."""
    return Phase(_ENTER, _ENTER_WORK * entries)


def enter(
    catalogue: Catalogue,
    new: NewVolume,
    rows: Rows,
    on: NewMedium | None,
    monitor: Monitor,
    *,
    now_ns: int | None = None,
) -> Entered:
    """Enter a volume and the medium it is on, or recognise them.

    Parameters
    ----------
    rows
        Gives the entries of the volume; called only if they are not in the catalogue yet.
    on
        The medium; None where it is not known.

    Raises
    ------
    UsageError
        Another medium has the label.
    Damaged, EnvironmentFailed
        See `Catalogue.writing`.
    """
    now = time.time_ns() if now_ns is None else now_ns
    with catalogue.writing() as connection:
        filled = enter_volume_on(connection, new, rows, monitor, now)
        found = recognise_medium(connection, filled.volume_id, new, on, now) if on is not None else None
    medium_id, label, is_new = found or (None, "", False)
    return replace(filled, medium_id=medium_id, label=label, new_medium=is_new)


def enter_volume_on(connection: Connection, new: NewVolume, rows: Rows, monitor: Monitor, now_ns: int) -> Entered:
    """Enter or recognise a volume, without a medium, on a connection of `Catalogue.writing`."""
    known = _known(connection, new)
    changed = False
    filling = _Filling(connection, monitor)
    if known is None:
        number = next_id(connection, volume)
        connection.execute(volume.insert().values(id=number, added_ns=now_ns, **_columns(new)))
        filling.fill(number, new, rows)
    else:
        number = known.id
        changed = bool(new.listing) and known.listing is not None and bytes(known.listing) != new.listing
        # A disc may carry only the names of earlier discs, without their files.
        is_more = known.entries != new.entries and (bool(new.listing) or not known.entries)
        # A later archive of a chain lists only a part of an earlier one.
        is_part = known.set_id is None and bool(new.listing)
        if changed or (known.listing is None and (is_more or is_part)):
            filling.replace(known, new, rows)
        _renew(connection, known, new)
    if new.covers:
        set_covers(connection, number, new.covers)
    differences = filling.differences if changed else (0, 0, 0)
    return Entered(number, None, "", known is None, False, changed, *differences)


def _columns(new: NewVolume) -> dict[str, Any]:
    info = new.info
    return {
        "identity": new.identity,
        "listing": new.listing or None,
        "kind": new.sort.value,
        "name": fitting(new.name),
        "set_id": info.set_id if info else None,
        "set_name": fitting(info.name) if info else None,
        "number": info.number if info else None,
        "role": info.kind.value if info else None,
        "last": bool(info and info.last),
        "title": storable(new.title),
        "description": storable(new.description),
        "n_bytes": new.n_bytes,
    }


def _known(connection: Connection, new: NewVolume) -> Any:
    """Return the row of the volume, or None; of several with one identity, the one with this content."""
    rows = connection.execute(sa.select(volume).where(volume.c.identity == new.identity).order_by(volume.c.id)).all()
    same = [row for row in rows if row.listing is not None and bytes(row.listing) == new.listing]
    unread = [row for row in rows if row.listing is None]
    if same or unread or not new.listing:
        return next(iter(same or unread or rows), None)
    # The id of an archive comes of names, sizes and times: one with other contents can have the same id. Then both
    # are entered, as what is on the old disc is still there.
    return None if new.sort.is_written_once else next(iter(rows), None)


def _renew(connection: Connection, known: Any, new: NewVolume) -> None:
    """Update the row of a volume where ``new`` knows more."""
    values: dict[str, Any] = {}
    if new.listing:
        values["listing"] = new.listing
    if new.info is not None and known.set_id is None:
        whose = _columns(new)
        values |= {name: whose[name] for name in ("set_id", "set_name", "number", "role", "last")}
    if new.n_bytes:
        values["n_bytes"] = new.n_bytes
    values |= {name: storable(text) for name, text in (("title", new.title), ("description", new.description)) if text}
    if values:
        connection.execute(volume.update().where(volume.c.id == known.id).values(**values))


class _Filling:
    """Turns the entries of one volume into rows, and counts how they differ from those that were there."""

    def __init__(self, connection: Connection, monitor: Monitor) -> None:
        self._connection = connection
        self._monitor = monitor
        self._directories = Directories(connection)
        self._links: list[tuple[int, bytes]] = []
        self._parts: list[tuple[int, bytes]] = []
        self._bases: list[tuple[int, bytes]] = []
        self._count = self._files = self._content_bytes = 0
        # The entries that were there before: size, time and hash by directory and name.
        self._before: dict[tuple[int, bytes], tuple[int, int, bytes | None]] | None = None
        self._added = self._altered = 0

    @property
    def differences(self) -> tuple[int, int, int]:
        """How many entries are new, altered and gone."""
        return self._added, self._altered, len(self._before or ())

    def replace(self, known: Any, new: NewVolume, rows: Rows) -> None:
        """Replace the entries of a volume by its present ones; unchanged ones keep their hash."""
        old = entry.c.id >= known.first_entry, entry.c.id < known.first_entry + known.entries
        columns = (entry.c.directory_id, entry.c.name, entry.c.size, entry.c.mtime_ns, entry.c.sha256)
        self._before = {
            (where, bytes(name)): (size, mtime_ns, None if sha256 is None else bytes(sha256))
            for where, name, size, mtime_ns, sha256 in self._connection.execute(sa.select(*columns).where(*old))
        }
        self.fill(known.id, new, rows)
        delete_entries(self._connection, known.first_entry, known.entries)

    def fill(self, number: int, new: NewVolume, rows: Rows) -> None:
        """Enter the entries of a volume."""
        connection = self._connection
        first = next_id(connection, entry)
        with rebuilding_indexes(connection, entry, new.entries, first - 1):
            self._monitor.begin(_ENTER, new.entries, 0)
            insert_rows(connection, entry, self._tuples(self._told(rows()), number, first))
            self._directories.save()
            insert_rows(connection, base_of_entry, self._bases)
            self._monitor.end()
        for at, target in self._links:
            _link(connection, number, at, target)
        if new.info is not None:
            for part in self._parts:
                _join_part(connection, new.info.set_id, part)
        totals = {"entries": self._count, "files": self._files, "content_bytes": self._content_bytes}
        connection.execute(volume.update().where(volume.c.id == number).values(first_entry=first, **totals))

    def _told(self, rows: Iterable[Filed]) -> Iterator[Filed]:
        for number, filed in enumerate(rows, 1):
            yield filed
            if number % _TOLD_ENTRIES == 0:
                self._monitor.advance(_TOLD_ENTRIES, 0)

    def _tuples(self, rows: Iterable[Filed], number: int, first: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of `schema.entry`."""
        at, last_directory, last_id = first, b"", self._directory(b"")
        for filed in rows:
            path = filed.path
            above, _, name = path.rpartition(b"/")
            if above != last_directory:
                last_directory, last_id = above, self._directory(above)
            if not last_id or len(name) > MAX_NAME_BYTES:
                self._monitor.problem(Problem(path, Trouble.REFUSED, "a name longer than any file system takes"))
                continue
            sha256 = filed.sha256
            if self._before is not None:
                sha256 = self._compare(filed, last_id, name)
            if filed.kind == Kind.FILE:
                self._files += 1
                self._content_bytes += filed.size
                if filed.parts:
                    self._parts.append((last_id, name))
            elif filed.target:
                self._links.append((at, filed.target))
            _, kind, size, mtime_ns, mode, _, sparse, *parts, nested, base, _ = filed
            if base:
                self._bases.append((at, base))
            yield at, number, last_id, name, int(kind), size, mtime_ns, mode, sha256, int(sparse), *parts, nested
            at += 1
        self._count = at - first

    def _compare(self, filed: Filed, where: int, name: bytes) -> bytes | None:
        """Count an entry as new, altered or unchanged, and return its hash, which may be the former one."""
        assert self._before is not None
        before = self._before.pop((where, name), None)
        if before is None:
            self._added += 1
        elif before[:2] != (filed.size, filed.mtime_ns):
            self._altered += 1
        elif filed.sha256 is None:
            return before[2]
        return filed.sha256

    def _directory(self, path: bytes) -> int:
        if len(path) > MAX_NAME_BYTES and max(map(len, path.split(b"/"))) > MAX_NAME_BYTES:
            return 0
        return self._directories.id_of(path)


def _link(connection: Connection, number: int, at: int, target: bytes) -> None:
    """Give a hard link the size and hash of the file it links to, if that is on the same volume."""
    above, _, name = target.rpartition(b"/")
    where = find_directory(connection, above)
    if where is None:
        return
    found = connection.execute(
        sa.select(entry.c.size, entry.c.mtime_ns, entry.c.sha256, entry.c.sparse).where(
            entry.c.directory_id == where, entry.c.name == name, entry.c.volume_id == number, entry.c.parts == 0
        )
    ).first()
    if found is not None:
        connection.execute(entry.update().where(entry.c.id == at).values(**found._mapping))


def _join_part(connection: Connection, set_id: bytes, part: tuple[int, bytes]) -> None:
    """Set the hash of a file in the rows of all its parts; only the volume with the last part has it."""
    where, name = part
    of_set = sa.select(volume.c.id).where(volume.c.set_id == set_id)
    same = (entry.c.directory_id == where, entry.c.name == name, entry.c.parts > 0, entry.c.volume_id.in_(of_set))
    last = connection.execute(
        sa.select(entry.c.sha256, entry.c.sparse).where(*same, entry.c.sha256.is_not(None))
    ).first()
    if last is not None:
        connection.execute(
            entry.update().where(*same, entry.c.sha256.is_(None)).values(sha256=bytes(last.sha256), sparse=last.sparse)
        )
