"""Files that are on too few media, or in too few places."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pybackup.model.catalogued import CataloguedVolume, Medium, Sighting
from pybackup.model.entry import Kind

from .connect import Catalogue
from .directories import Paths
from .schema import entry, medium
from .standing import Split, Standing


@dataclass(frozen=True, slots=True)
class Exposed:
    """How many files of a volume are on too few media.

    Attributes
    ----------
    recoverable
        Whether recovery volumes of its set could rebuild the volume if it were lost now.
    """

    volume: CataloguedVolume
    media: tuple[Medium, ...]
    files: int
    n_bytes: int
    recoverable: bool


def exposed(
    catalogue: Catalogue,
    copies: int,
    *,
    places: int = 1,
    checked_since_ns: int | None = None,
    without: Collection[int] = (),
) -> list[Exposed]:
    """Return, for each volume, how many of its files have fewer than ``copies`` copies, or are in fewer ``places``.

    Parameters
    ----------
    checked_since_ns, without
        See `Standing`.
    """
    with catalogue.reading() as connection:
        known = Standing(connection, checked_since_ns, without=without)
        query = _few(known.conditions, copies, places)
        sums = query.with_only_columns(entry.c.volume_id, sa.func.count(), sa.func.sum(entry.c.size)).group_by(
            entry.c.volume_id
        )
        found = {number: (int(count), int(n_bytes)) for number, count, n_bytes in connection.execute(sums)}
        for row in _few_otherwise(connection, known, copies, places):
            files, n_bytes = found.get(row.volume_id, (0, 0))
            found[row.volume_id] = files + 1, n_bytes + row.size
        return [
            Exposed(held, tuple(known.media.get(number, ())), *found[number], known.can_lose(held))
            for number, held in known.volumes.items()
            if number in found
        ]


def at_risk(
    catalogue: Catalogue, copies: int, *, places: int = 1, checked_since_ns: int | None = None
) -> Iterator[Sighting]:
    """Yield the files with fewer than ``copies`` copies, or in fewer ``places``, in the order of their volumes."""
    with catalogue.reading() as connection:
        known = Standing(connection, checked_since_ns)
        paths = Paths(connection)
        paths.every()
        query = _few(known.conditions, copies, places).with_only_columns(*entry.c).order_by(entry.c.id)
        otherwise = sorted(_few_otherwise(connection, known, copies, places), key=lambda row: row.id)
        waiting = iter([*otherwise, None])
        following = next(waiting)
        for row in connection.execution_options(yield_per=2000).execute(query):
            while following is not None and following.id < row.id:
                yield known.sighting(following, paths)
                following = next(waiting)
            yield known.sighting(row, paths)
        while following is not None:
            yield known.sighting(following, paths)
            following = next(waiting)


def copies_of_contents(
    connection: Connection, digests: Sequence[bytes], checked_since_ns: int | None = None
) -> dict[bytes, int]:
    """Return how many copies each content has, by its SHA-256."""
    known = Standing(connection, checked_since_ns)
    held = sa.select(entry.c.sha256, entry.c.volume_id).where(
        entry.c.sha256.in_(digests), entry.c.sparse == 0, entry.c.parts == 0
    )
    counted = held.distinct().subquery()
    rows = connection.execute(
        sa.select(counted.c.sha256, sa.func.count())
        .join_from(counted, medium, medium.c.volume_id == counted.c.volume_id)
        .where(*known.conditions)
        .group_by(counted.c.sha256)
    )
    found = {bytes(sha256): int(number) for sha256, number in rows}
    split = Split(connection, known)
    return {digest: found.get(digest, 0) + split.copies((digest, 0))[0] for digest in digests}


def _few(conditions: Sequence[sa.ColumnElement[bool]], copies: int, places: int) -> sa.Select[Any]:
    """Select entries with a known hash, not divided over volumes, with too few copies; the caller adds columns."""
    # One pass over one index, in its order. Contents that are divided over volumes anywhere are left out below.
    held = (
        sa.select(entry.c.sha256, entry.c.sparse, entry.c.volume_id)
        .where(entry.c.sha256.is_not(None))
        .distinct()
        .subquery()
    )
    counted = sa.select(medium.c.id, medium.c.volume_id, sa.func.coalesce(medium.c.place_id, 0).label("place")).where(
        *conditions
    )
    on = counted.subquery()
    few = sa.func.count(on.c.id) < copies
    if places > 1:
        few = sa.or_(few, sa.func.count(on.c.place.distinct()) < places)
    scarce = (
        sa.select(held.c.sha256, held.c.sparse)
        .join_from(held, on, on.c.volume_id == held.c.volume_id, isouter=True)
        .group_by(held.c.sha256, held.c.sparse)
        .having(few)
        .subquery()
    )
    # `_few_otherwise` counts contents that are divided over volumes anywhere.
    parts = sa.select(entry.c.sha256).where(entry.c.parts > 0, entry.c.sha256.is_not(None))
    same = sa.and_(scarce.c.sha256 == entry.c.sha256, scarce.c.sparse == entry.c.sparse)
    return (
        sa.select(entry.c.id)
        .join_from(entry, scarce, same)
        .where(entry.c.kind == int(Kind.FILE), entry.c.parts == 0, entry.c.sha256.not_in(parts))
    )


def _few_otherwise(connection: Connection, known: Standing, copies: int, places: int) -> Iterator[Any]:
    """Yield the other entries with too few copies: with no known hash, or divided over volumes somewhere."""
    scarce = [
        number
        for number in known.volumes
        if len(known.counted.get(number, ())) < copies or _places(known.counted.get(number, ())) < places
    ]
    unknown = sa.select(entry).where(
        entry.c.sha256.is_(None), entry.c.parts == 0, entry.c.kind == int(Kind.FILE), entry.c.volume_id.in_(scarce)
    )
    yield from connection.execute(unknown).all() if scarce else ()
    split = Split(connection, known)
    contents = {split.key(row) for row in split.rows if row.sha256 is not None}
    whole: dict[Any, list[Any]] = {}
    if contents:
        query = sa.select(entry).where(
            entry.c.parts == 0,
            entry.c.sha256.in_(sa.select(entry.c.sha256).where(entry.c.parts > 0)),
        )
        for row in connection.execute(query):
            whole.setdefault((bytes(row.sha256), row.sparse), []).append(row)
    for row in split.rows:
        if _too_few(split.copies(split.key(row)), whole.get(split.key(row), ()), known, copies, places):
            yield row
    for key, rows in whole.items():
        if key in contents and _too_few(split.copies(key), rows, known, copies, places):
            yield from (row for row in rows if row.kind == Kind.FILE)


def _too_few(split: tuple[int, int], whole: Sequence[Any], known: Standing, copies: int, places: int) -> bool:
    on: Mapping[int, Medium] = {each.id: each for row in whole for each in known.counted.get(row.volume_id, ())}
    return split[0] + len(on) < copies or max(split[1], _places(on.values())) < places


def _places(on: Iterable[Medium]) -> int:
    return len({each.place for each in on})
