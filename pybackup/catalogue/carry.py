"""Copying volumes, media and runs from one catalogue to another: all of them are read, and merged into the other.

Rows that are there are changed only if the incoming ones are newer or more complete. The order does not matter: merging
the same twice, or two catalogues in either order, gives the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.carried import Carried, CarriedMedium, CarriedRun, CarriedVolume
from pybackup.model.catalogued import CataloguedVolume, Medium, MediumCheck, MediumState, NewVolume, VolumeSort
from pybackup.model.filed import Filed
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.monitor import Monitor

from .bulk import next_id
from .connect import Catalogue
from .directories import Paths
from .fill import enter_volume_on
from .find import entries_where, filed_of_row, of_volume
from .health import check_of_row, insert_check
from .media import covers_on, media_on, place_id, volumes_on
from .recognise import fitting, free_label
from .runs import enter_run, runs
from .schema import entry, health, medium, place, volume

_READ_ROWS = 2000


def carried(catalogue: Catalogue, wanted: Callable[[CataloguedVolume], bool] = lambda held: True) -> Iterator[Carried]:
    """Yield the volumes of a catalogue, or only the wanted ones, in an order that is the same in every catalogue."""
    with catalogue.reading() as connection:
        known = _media_by_volume(connection)
        times = {row.id: row for row in connection.execute(sa.select(volume.c.id, volume.c.added_ns, volume.c.listing))}
        paths, covers = Paths(connection), covers_on(connection)
        chosen = [held for held in volumes_on(connection).values() if wanted(held)]
        for held in sorted(chosen, key=lambda held: _place_in_order(held, times[held.id].listing)):
            row = times[held.id]
            new = _new_volume(held, bytes(row.listing or b""), covers.get(held.id, ()))
            media = tuple(sorted(known.get(held.id, ()), key=lambda each: (each.label, each.added_ns)))
            yield Carried(CarriedVolume(new, row.added_ns, media), _Rows(connection, paths, held))


def _place_in_order(held: CataloguedVolume, listing: bytes | None) -> tuple[Any, ...]:
    is_recovery = held.sort is VolumeSort.RECOVERY
    return held.set_name, held.set_id, is_recovery, held.number, held.name, held.identity, bytes(listing or b"")


def _new_volume(held: CataloguedVolume, listing: bytes, covers: tuple[bytes, ...]) -> NewVolume:
    info = None
    if held.set_id:
        kind = VolumeKind.RECOVERY if held.sort is VolumeSort.RECOVERY else VolumeKind.DATA
        info = VolumeInfo(held.set_id, held.set_name, held.number, kind, held.last)
    texts = held.title, held.description
    return NewVolume(held.identity, held.sort, held.name, listing, info, held.n_bytes, held.entries, *texts, covers)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The entries of a volume, read from the database when they are gone through."""

    connection: Connection
    paths: Paths
    held: CataloguedVolume

    def __iter__(self) -> Iterator[Filed]:
        query = entries_where(of_volume(self.held)).order_by(entry.c.id)
        # All directories are read first: while entries are coming, the connection answers no other query.
        self.paths.every()
        for row in self.connection.execution_options(yield_per=_READ_ROWS).execute(query):
            yield filed_of_row(row, self.paths.of(row.directory_id, bytes(row.name)))


def _media_by_volume(connection: Connection) -> dict[int, list[CarriedMedium]]:
    checks: dict[int, list[MediumCheck]] = {}
    for row in connection.execute(sa.select(health).order_by(health.c.at_ns, health.c.verdict, health.c.means)):
        checks.setdefault(row.medium_id, []).append(check_of_row(row))
    changed = {row.id: row.changed_ns for row in connection.execute(sa.select(medium.c.id, medium.c.changed_ns))}
    media: dict[int, list[CarriedMedium]] = {}
    for known in media_on(connection):
        each = _carried_medium(known, changed[known.id], tuple(checks.get(known.id, ())))
        media.setdefault(known.volume.id, []).append(each)
    return media


def _carried_medium(known: Medium, changed_ns: int | None, checks: tuple[MediumCheck, ...]) -> CarriedMedium:
    return CarriedMedium(
        known.label,
        known.type,
        known.state,
        known.place,
        known.location,
        known.capacity_bytes,
        known.added_ns,
        known.seen_ns,
        known.checked_ns,
        changed_ns,
        checks,
    )


def carried_runs(catalogue: Catalogue) -> list[CarriedRun]:
    """Return all runs of chains, in an order that is the same in every catalogue."""
    found = [CarriedRun(run.mark, run.archive, run.location, tuple(run.needs)) for run in runs(catalogue)]
    return sorted(found, key=lambda run: (run.mark.chain, run.mark.at_ns, run.archive))


@dataclass(frozen=True, slots=True)
class Merged:
    """How many of the merged volumes and media were new."""

    volumes: int
    media: int


def merge(catalogue: Catalogue, volumes: Iterable[Carried], monitor: Monitor) -> Merged:
    """Merge volumes and media into a catalogue, each volume in one transaction.

    Raises
    ------
    Damaged, EnvironmentFailed
        See `Catalogue.writing`. What reading ``volumes`` raises is raised too; the volumes before that are kept.
    """
    new_volumes = new_media = 0
    for held, rows in volumes:
        with catalogue.writing() as connection:
            number = _older_tree(connection, held)
            if number is None:
                entered = enter_volume_on(connection, held.new, lambda rows=rows: rows, monitor, held.added_ns)  # type: ignore[misc]
                number, new_volumes = entered.volume_id, new_volumes + entered.new_volume
                _earliest(connection, number, held.added_ns)
            named = {fitting(each.label) for each in held.media}
            for each in held.media:
                new_media += _merge_medium(connection, number, each, named - {fitting(each.label)})
    return Merged(new_volumes, new_media)


def merge_runs(catalogue: Catalogue, coming: Iterable[CarriedRun]) -> None:
    """Merge runs of chains into a catalogue. A run that is known already keeps its location.

    Raises
    ------
    Damaged, EnvironmentFailed
        See `Catalogue.writing`.
    """
    known = {(run.mark.chain, run.archive): run.location for run in runs(catalogue)}
    for run in coming:
        if not known.get((run.mark.chain, run.archive)):
            enter_run(catalogue, run.mark, run.archive, lambda needs=run.needs: needs, run.location)  # type: ignore[misc]


def _older_tree(connection: Connection, held: CarriedVolume) -> int | None:
    """Return the id of a directory or foreign disc that is known in the same or a later state."""
    if held.new.sort.is_written_once:
        return None
    row = connection.execute(
        sa.select(volume.c.id, volume.c.listing).where(volume.c.identity == held.new.identity)
    ).first()
    if row is None:
        return None
    seen = connection.execute(sa.select(sa.func.max(medium.c.seen_ns)).where(medium.c.volume_id == row.id)).scalar()
    coming = max((each.seen_ns or 0 for each in held.media), default=0)
    return int(row.id) if (seen or 0, bytes(row.listing or b"")) >= (coming, held.new.listing) else None


def _earliest(connection: Connection, number: int, added_ns: int) -> None:
    same = volume.c.id == number, volume.c.added_ns > added_ns
    connection.execute(volume.update().where(*same).values(added_ns=added_ns))


def _merge_medium(connection: Connection, number: int, coming: CarriedMedium, others: Set[str]) -> bool:
    """Merge one medium, and return whether it is new; ``others`` are labels of media that come with it."""
    there = connection.execute(
        sa.select(medium, place.c.name.label("place"))
        .join_from(medium, place, medium.c.place_id == place.c.id, isouter=True)
        .where(medium.c.volume_id == number)
        .order_by(medium.c.id)
    ).all()
    known = _the_same([row for row in there if row.label not in others], coming)
    at = next_id(connection, medium) if known is None else known.id
    values = _values(connection, coming) if known is None else _better(connection, known, coming)
    if known is None:
        label = free_label(connection, coming.label)
        connection.execute(medium.insert().values(id=at, volume_id=number, label=label, **values))
    else:
        if known.seen_ns is None and coming.seen_ns is not None and known.label != coming.label:
            values["label"] = free_label(connection, coming.label)
        connection.execute(medium.update().where(medium.c.id == at).values(**values))
    _add_checks(connection, at, coming.checks)
    return known is None


def _the_same(rows: Sequence[Any], coming: CarriedMedium) -> Any:
    """Return the row of the medium that ``coming`` is; None for a new one."""
    where = coming.type.value, coming.location, coming.added_ns
    same = [row for row in rows if row.label == fitting(coming.label)]
    same += [row for row in rows if (row.type, bytes(row.location or b""), row.added_ns) == where]
    if not same:
        # An entry made from the index of another volume, before the medium was seen, here or there.
        same = list(rows) if coming.seen_ns is None else [row for row in rows if row.seen_ns is None]
    return next(iter(same), None)


def _values(connection: Connection, coming: CarriedMedium) -> dict[str, Any]:
    return {
        "type": coming.type.value,
        "location": coming.location or None,
        "place_id": place_id(connection, fitting(coming.place)),
        "state": coming.state.value,
        "capacity_bytes": coming.capacity_bytes,
        "added_ns": coming.added_ns,
        "seen_ns": coming.seen_ns,
        "checked_ns": coming.checked_ns,
        "changed_ns": coming.changed_ns,
    }


def _better(connection: Connection, known: Any, coming: CarriedMedium) -> dict[str, Any]:
    """Return the columns to change to merge what is known with what comes; the result is the same in either order."""
    told = max(known.seen_ns or 0, known.checked_ns or 0, known.changed_ns or 0)
    ours = (told, known.type, known.capacity_bytes or 0, bytes(known.location or b""))
    theirs = (coming.told_ns, coming.type.value, coming.capacity_bytes or 0, coming.location)
    values = {"added_ns": min(known.added_ns, coming.added_ns)}
    if theirs > ours:
        of_it = _values(connection, coming)
        values |= {name: of_it[name] for name in ("type", "location", "capacity_bytes")}
    if coming.place and (coming.told_ns, coming.place) > (told if known.place else 0, known.place or ""):
        values["place_id"] = place_id(connection, fitting(coming.place))
    if (coming.changed_ns or 0, _rank(coming.state)) > (known.changed_ns or 0, _rank(MediumState(known.state))):
        values["state"], values["changed_ns"] = coming.state.value, coming.changed_ns
    for name in ("seen_ns", "checked_ns"):
        latest = max(getattr(known, name) or 0, getattr(coming, name) or 0)
        if latest:
            values[name] = latest
    return values


def _rank(state: MediumState) -> int:
    return list(MediumState).index(state)


def _add_checks(connection: Connection, at: int, checks: Iterable[MediumCheck]) -> None:
    rows = connection.execute(sa.select(health).where(health.c.medium_id == at))
    there = {(row.at_ns, row.verdict, row.means) for row in rows}
    for found in checks:
        written = replace(found, means=found.means.replace("\0", "\\0"))
        if (written.at_ns, written.verdict, written.means) not in there:
            insert_check(connection, at, written)
