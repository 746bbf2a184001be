"""Recognising a medium: whether it is in the catalogue, and otherwise which label it gets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.errors import UsageError
from pybackup.model.catalogued import MediumState, NewMedium, NewVolume

from .bulk import next_id
from .media import check_label, place_id
from .schema import MAX_LABEL, medium

# TEXT of MariaDB takes 64 KiB, and a character up to four bytes.
_MOST_TEXT = 10_000


def recognise_medium(
    connection: Connection, number: int, new: NewVolume, on: NewMedium, now: int
) -> tuple[int, str, bool]:
    """Enter a medium, or bring the row of a known one up to date.

    Parameters
    ----------
    number
        The id of its volume ``new``.
    now
        In ns since the epoch.

    Returns
    -------
    tuple
        Its id, its label, and whether it is new.
    """
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
    """Return the row of the medium, of those of the volume; None for a new one. Copies of a disc all look the same."""
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
    # The entry may have been made from the index of another volume, before the medium itself was read.
    unseen = [row for row in rows if row.seen_ns is None]
    return next(iter(same or unseen), None)


def free_label(connection: Connection, wanted: str, *, must: bool = False) -> str:
    """Return a label that no medium has: ``wanted``, or that followed by a number.

    Parameters
    ----------
    must
        Return only ``wanted`` itself.

    Raises
    ------
    UsageError
        With ``must``: another medium has the label, or it is not fit for one.
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
    """Return a name from anywhere, made short enough for a label and for every database."""
    return storable(text).strip()[:MAX_LABEL]


def storable(text: str) -> str:
    """Return text that every database accepts: without NUL, with escapes for bytes that are not UTF-8, not too long."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")[:_MOST_TEXT]
