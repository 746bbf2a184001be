"""The media in the catalogue; their state, place and label; whether one counts as a copy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.errors import UsageError
from pybackup.model.catalogued import CataloguedVolume, Medium, MediumState, MediumType, VolumeSort
from pybackup.model.display import display

from .bulk import delete_entries, insert_rows, next_id
from .connect import Catalogue
from .schema import MAX_LABEL, cover, health, medium, place, volume

_GONE = (MediumState.LOST, MediumState.RETIRED)


def media(catalogue: Catalogue, *, volume_ids: Sequence[int] | None = None) -> list[Medium]:
    """Return the media, by set, number and label.

    Parameters
    ----------
    volume_ids
        Only those that hold one of these volumes.
    """
    with catalogue.reading() as connection:
        found = media_on(connection)
    wanted = None if volume_ids is None else set(volume_ids)
    return [known for known in found if wanted is None or known.volume.id in wanted]


def media_on(connection: Connection) -> list[Medium]:
    """Return all media there are."""
    rows = connection.execute(
        sa.select(medium, place.c.name.label("place"))
        .join_from(medium, place, medium.c.place_id == place.c.id, isouter=True)
        .order_by(medium.c.id)
    ).all()
    volumes = volumes_on(connection)
    found = [_medium(row, volumes[row.volume_id]) for row in rows]
    return sorted(found, key=_place_in_order)


def _place_in_order(known: Medium) -> tuple[str, bytes, bool, int, int]:
    """Return a sort key: sets stay together, and recovery volumes follow the data volumes."""
    held = known.volume
    return held.set_name, held.set_id, held.sort is VolumeSort.RECOVERY, held.number, known.id


def volumes_on(connection: Connection) -> dict[int, CataloguedVolume]:
    """Return all volumes by id."""
    return {row.id: _volume(row) for row in connection.execute(sa.select(volume).order_by(volume.c.id))}


def find_medium(catalogue: Catalogue, named: str) -> Medium:
    """Return the medium that a person names: by its label, or by the start of its label or of its archive's id.

    Raises
    ------
    UsageError
        No medium has it, or several start with it.
    """
    found = media(catalogue)
    exact = [known for known in found if known.label == named]
    low = named.lower()
    near = [known for known in found if known.label.lower().startswith(low) or known.volume.identity.hex() == low]
    chosen = exact or near
    if len(chosen) == 1:
        return chosen[0]
    name = display(named.encode("utf-8", "surrogateescape"))
    if not chosen:
        raise UsageError(f"{name}: no medium of this label is in the catalogue")
    several = ", ".join(known.label for known in chosen[:5])
    raise UsageError(f"{name}: may be any of {several}{', ...' if len(chosen) > 5 else ''}")


def set_state(catalogue: Catalogue, medium_id: int, state: MediumState, *, now_ns: int | None = None) -> None:
    """Record that a medium is lost, found again, suspect or retired."""
    now = time.time_ns() if now_ns is None else now_ns
    with catalogue.writing() as connection:
        connection.execute(medium.update().where(medium.c.id == medium_id).values(state=state.value, changed_ns=now))


def move(catalogue: Catalogue, medium_id: int, where: str) -> None:
    """Record where a medium is kept from now on.

    Raises
    ------
    UsageError
        ``where`` is not fit for the name of a place: see `check_label`.
    """
    with catalogue.writing() as connection:
        connection.execute(medium.update().where(medium.c.id == medium_id).values(place_id=place_id(connection, where)))


def rename(catalogue: Catalogue, medium_id: int, label: str) -> None:
    """Give a medium another label.

    Raises
    ------
    UsageError
        Another medium has it, or it is not fit for one: see `check_label`.
    """
    label = check_label(label)
    with catalogue.writing() as connection:
        other = connection.execute(sa.select(medium.c.id).where(medium.c.label == label)).scalar()
        if other not in (None, medium_id):
            raise UsageError(f"{label}: a medium of this label is in the catalogue already")
        connection.execute(medium.update().where(medium.c.id == medium_id).values(label=label))


def remove(catalogue: Catalogue, known: Medium) -> None:
    """Delete a medium, its checks, and its volume if no other medium holds that."""
    with catalogue.writing() as connection:
        connection.execute(health.delete().where(health.c.medium_id == known.id))
        connection.execute(medium.delete().where(medium.c.id == known.id))
        left = connection.execute(sa.select(medium.c.id).where(medium.c.volume_id == known.volume.id)).first()
        if left is None:
            first, count = connection.execute(
                sa.select(volume.c.first_entry, volume.c.entries).where(volume.c.id == known.volume.id)
            ).one()
            delete_entries(connection, first, count)
            connection.execute(cover.delete().where(cover.c.volume_id == known.volume.id))
            connection.execute(volume.delete().where(volume.c.id == known.volume.id))


def covers_on(connection: Connection) -> dict[int, tuple[bytes, ...]]:
    """Return which archives of no set each recovery volume covers: their identities, in order, by the volume's id."""
    found: dict[int, tuple[bytes, ...]] = {}
    for row in connection.execute(sa.select(cover).order_by(cover.c.id)):
        found[row.volume_id] = (*found.get(row.volume_id, ()), bytes(row.identity))
    return found


def set_covers(connection: Connection, volume_id: int, covered: Sequence[bytes]) -> None:
    """Enter which archives of no set a recovery volume covers."""
    connection.execute(cover.delete().where(cover.c.volume_id == volume_id))
    first = next_id(connection, cover)
    rows = [(first + at, volume_id, identity) for at, identity in enumerate(covered)]
    insert_rows(connection, cover, rows)


def counts_as_copy(known: Medium, *, checked_since_ns: int | None = None) -> bool:
    """Whether a medium counts as a copy of what is on it: seen, not lost, sound, and checked lately enough.

    Parameters
    ----------
    checked_since_ns
        It must have been checked after this, in ns since the epoch; None for ever.
    """
    if known.state is not MediumState.OK or known.seen_ns is None:
        return False
    return checked_since_ns is None or (known.checked_ns is not None and known.checked_ns >= checked_since_ns)


def is_gone(known: Medium) -> bool:
    """Whether a medium is lost or retired."""
    return known.state in _GONE


def place_id(connection: Connection, name: str) -> int | None:
    """Return the id of a place, which is made if it is new; None for no name.

    Raises
    ------
    UsageError
        The name is not fit for one: see `check_label`.
    """
    if not name:
        return None
    name = check_label(name)
    found = connection.execute(sa.select(place.c.id).where(place.c.name == name)).scalar()
    if found is None:
        found = next_id(connection, place)
        connection.execute(place.insert().values(id=found, name=name))
    return found


def check_label(text: str) -> str:
    """Return a label or the name of a place as it is stored.

    Raises
    ------
    UsageError
        It is empty, too long, or has characters that cannot be printed.
    """
    label = text.strip()
    if not label or len(label) > MAX_LABEL or not label.isprintable():
        name = display(text.encode(errors="surrogateescape"))
        raise UsageError(f"a label or place has 1 to {MAX_LABEL} printable characters: {name}")
    return label


def _medium(row: Any, held: CataloguedVolume) -> Medium:
    return Medium(
        row.id,
        row.label,
        MediumType(row.type),
        MediumState(row.state),
        row.place or "",
        bytes(row.location or b""),
        row.capacity_bytes,
        row.added_ns,
        row.seen_ns,
        row.checked_ns,
        held,
    )


def _volume(row: Any) -> CataloguedVolume:
    return CataloguedVolume(
        row.id,
        bytes(row.identity),
        VolumeSort(row.kind),
        row.name,
        bytes(row.set_id or b""),
        row.set_name or "",
        row.number or 0,
        bool(row.last),
        row.title,
        row.description,
        row.n_bytes,
        row.files,
        row.content_bytes,
        row.first_entry,
        row.entries,
    )
