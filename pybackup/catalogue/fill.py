"""Entering volumes and media: each in one transaction, all of it or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.entry import Kind
from pybackup.model.filed import Filed, NewMedium, NewVolume
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .bulk import insert_rows, many_coming, next_id
from .connect import Catalogue
from .directories import Directories, find_directory
from .meet import fitting, meet
from .schema import MAX_NAME_BYTES, entry, volume

Rows = Callable[[], Iterable[Filed]]
"""Gives the entries of a volume anew each time it is called."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a volume.

    Attributes
    ----------
    volume_id, medium_id
        Where it is in the catalogue; the medium is None where there is none.
    label
        Of the medium.
    new_volume, new_medium
        Whether it was not known before.
    changed
        It was known with other content; what is there now replaced it.
    """

    volume_id: int
    medium_id: int | None
    label: str
    new_volume: bool
    new_medium: bool
    changed: bool


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
        Called only where the volume is not known as it is.
    on
        None where nothing is known of any medium.

    Raises
    ------
    Damaged, EnvironmentFailed, UsageError
        See `Catalogue.writing`; the label is another medium's.
    """
    now = time.time_ns() if now_ns is None else now_ns
    with catalogue.writing() as connection:
        known = _known(connection, new)
        changed = False
        if known is None:
            number = next_id(connection, volume)
            connection.execute(volume.insert().values(id=number, added_ns=now, **_columns(new)))
            _fill(connection, number, new, rows, monitor)
        else:
            number = known.id
            changed = bool(new.listing) and known.listing is not None and bytes(known.listing) != new.listing
            if changed or (new.listing and known.listing is None and known.entries != new.entries):
                _empty(connection, number)
                _fill(connection, number, new, rows, monitor)
            _renew(connection, known, new)
        found = meet(connection, number, new, on, now) if on is not None else None
    medium_id, label, is_new = found or (None, "", False)
    return Entered(number, medium_id, label, known is None, is_new, changed)


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
        "title": new.title,
        "description": new.description,
        "n_bytes": new.n_bytes,
    }


def _known(connection: Connection, new: NewVolume) -> Any:
    """The row of the volume, if it is there; of several of one identity the one with this content."""
    rows = connection.execute(sa.select(volume).where(volume.c.identity == new.identity).order_by(volume.c.id)).all()
    same = [row for row in rows if row.listing is not None and bytes(row.listing) == new.listing]
    unread = [row for row in rows if row.listing is None]
    if same or unread or not new.listing:
        return next(iter(same or unread or rows), None)
    # An archive is made anew under the same id where times and sizes are the same and contents are not; what is on
    # the old disc is still there.
    return None if new.sort.is_written_once else next(iter(rows), None)


def _renew(connection: Connection, known: Any, new: NewVolume) -> None:
    """Take over what is known better now."""
    values: dict[str, Any] = {}
    if new.listing:
        values["listing"] = new.listing
    if new.n_bytes:
        values["n_bytes"] = new.n_bytes
    values |= {name: text for name, text in (("title", new.title), ("description", new.description)) if text}
    if values:
        connection.execute(volume.update().where(volume.c.id == known.id).values(**values))


def _empty(connection: Connection, number: int) -> None:
    first, count = connection.execute(
        sa.select(volume.c.first_entry, volume.c.entries).where(volume.c.id == number)
    ).one()
    connection.execute(entry.delete().where(entry.c.id >= first, entry.c.id < first + count))


def _fill(connection: Connection, number: int, new: NewVolume, rows: Rows, monitor: Monitor) -> None:
    filling = _Filling(connection, number, monitor)
    there = next_id(connection, entry) - 1
    with many_coming(connection, entry, new.entries, there):
        insert_rows(connection, entry, filling.tuples(rows(), there + 1))
        filling.directories.save()
    for at, target in filling.links:
        _link(connection, number, at, target)
    if new.info is not None:
        for part in filling.parts:
            _join_part(connection, new.info.set_id, part)
    connection.execute(
        volume.update()
        .where(volume.c.id == number)
        .values(
            first_entry=there + 1,
            entries=filling.count,
            files=filling.files,
            content_bytes=filling.content_bytes,
        )
    )


class _Filling:
    """Entries of one volume on their way to rows."""

    def __init__(self, connection: Connection, number: int, monitor: Monitor) -> None:
        self.directories = Directories(connection)
        self.links: list[tuple[int, bytes]] = []
        self.parts: list[tuple[int, bytes]] = []
        self.count = self.files = self.content_bytes = 0
        self._volume = number
        self._monitor = monitor

    def tuples(self, rows: Iterable[Filed], first_id: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of `schema.entry`."""
        at, id_of, number = first_id, self.directories.id_of, self._volume
        last_directory, last_id = b"", id_of(b"")
        for filed in rows:
            path = filed.path
            above, _, name = path.rpartition(b"/")
            if above != last_directory:
                last_directory, last_id = above, self._directory(above)
            if not last_id or len(name) > MAX_NAME_BYTES:
                self._monitor.problem(Problem(path, Trouble.REFUSED, "a name longer than any file system takes"))
                continue
            if filed.kind == Kind.FILE:
                self.files += 1
                self.content_bytes += filed.size
                if filed.parts:
                    self.parts.append((last_id, name))
            elif filed.target:
                self.links.append((at, filed.target))
            yield (
                at,
                number,
                last_id,
                name,
                int(filed.kind),
                filed.size,
                filed.mtime_ns,
                filed.mode,
                filed.sha256,
                int(filed.sparse),
                filed.first_part,
                filed.parts_here,
                filed.parts,
                filed.nested,
            )
            at += 1
        self.count = at - first_id

    def _directory(self, path: bytes) -> int:
        if len(path) > MAX_NAME_BYTES and max(map(len, path.split(b"/"))) > MAX_NAME_BYTES:
            return 0
        return self.directories.id_of(path)


def _link(connection: Connection, number: int, at: int, target: bytes) -> None:
    """Give a hard link the content of what it links to, if that is on the same volume."""
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
    """Tell all parts of a file its hash, which only the volume with its last one knows."""
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
