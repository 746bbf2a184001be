"""Meeting a medium: is it one that the catalogue knows, and what shall it be called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.errors import UsageError
from pybackup.model.filed import MediumState, NewMedium, NewVolume

from .bulk import next_id
from .media import check_label, place_id
from .schema import MAX_LABEL, medium

# TEXT of MariaDB takes 64 KiB, and a character up to four bytes.
_MOST_TEXT = 10_000


def meet(connection: Connection, number: int, new: NewVolume, on: NewMedium, now: int) -> tuple[int, str, bool]:
    """Return id and label of the medium, and whether it is new."""
    there = connection.execute(sa.select(medium).where(medium.c.volume_id == number).order_by(medium.c.id)).all()
    known = None if on.another else _the_same(there, on)
    if known is None:
        label = free_label(connection, on.label or new.name, must=bool(on.label))
        at = next_id(connection, medium)
        connection.execute(
            medium.insert().values(
                id=at,
                volume_id=number,
                label=label,
                type=on.type.value,
                location=on.location or None,
                place_id=place_id(connection, on.place),
                state=MediumState.OK.value,
                capacity_bytes=on.capacity_bytes,
                added_ns=now,
                seen_ns=now if on.seen else None,
            )
        )
        return at, label, True
    values: dict[str, Any] = {"seen_ns": now, "type": on.type.value} if on.seen else {}
    if on.label and on.label != known.label:
        values["label"] = free_label(connection, on.label, must=True)
    if on.place:
        values["place_id"] = place_id(connection, on.place)
    if on.location:
        values["location"] = on.location
    if on.capacity_bytes:
        values["capacity_bytes"] = on.capacity_bytes
    if values:
        connection.execute(medium.update().where(medium.c.id == known.id).values(**values))
    return known.id, str(values.get("label", known.label)), False


def _the_same(there: Iterable[Any], on: NewMedium) -> Any:
    """Which of the media of the volume this one is, as far as can be told: a disc looks like its copies."""
    rows = list(there)
    if on.label:
        named = [row for row in rows if row.label == on.label]
        if named:
            return named[0]
        if len(rows) > 1:
            return None
    if not on.seen:
        return rows[0] if rows else None
    same = [
        row
        for row in rows
        if row.type == on.type.value and (not on.location or row.location is None or bytes(row.location) == on.location)
    ]
    # Others told of it before it was ever here.
    unseen = [row for row in rows if row.seen_ns is None]
    return next(iter(same or unseen), None)


def free_label(connection: Connection, wanted: str, *, must: bool = False) -> str:
    """Return a label that no medium has: this one, or with a number behind it.

    Raises
    ------
    UsageError
        It must be this one, and that is another medium's, or none that can be written down.
    """
    base = check_label(wanted) if must else fitting(wanted) or "medium"
    label, number = base, 1
    while connection.execute(sa.select(medium.c.id).where(medium.c.label == label)).first() is not None:
        if must:
            raise UsageError(f"{label}: a medium of this label is in the catalogue already")
        number += 1
        tail = f" ({number})"
        label = base[: MAX_LABEL - len(tail)] + tail
    return label


def fitting(text: str) -> str:
    """A name that every database takes: names come from anybody's settings."""
    return storable(text).strip()[:MAX_LABEL]


def storable(text: str) -> str:
    """Text that every database takes: of names that are no UTF-8, and of whatever settings say."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")[:_MOST_TEXT]
