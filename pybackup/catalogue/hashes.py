"""Computing hashes of files after they were entered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from pybackup.model.catalogued import CataloguedVolume
from pybackup.model.entry import Kind

from .connect import Catalogue
from .directories import Paths
from .find import of_volume
from .schema import entry


@dataclass(frozen=True, slots=True)
class Unhashed:
    """An entry of a file whose hash is not known yet."""

    id: int
    path: bytes
    size: int
    mtime_ns: int


def unhashed(
    catalogue: Catalogue, held: CataloguedVolume, *, after: int = 0, most: int = 1000, nested: bool | None = False
) -> list[Unhashed]:
    """Return files of a volume without a hash, in their order.

    Parameters
    ----------
    after
        Only entries whose id is greater.
    nested
        True for files in archives on the volume, False for the others, None for both.
    """
    with catalogue.reading() as connection:
        paths = Paths(connection)
        columns = (entry.c.id, entry.c.directory_id, entry.c.name, entry.c.size, entry.c.mtime_ns)
        query = sa.select(*columns).where(*_without_hash(held, nested), entry.c.id > after)
        rows = connection.execute(query.order_by(entry.c.id).limit(most)).all()
        return [Unhashed(row.id, paths.of(row.directory_id, bytes(row.name)), row.size, row.mtime_ns) for row in rows]


def unhashed_totals(catalogue: Catalogue, held: CataloguedVolume) -> tuple[int, int]:
    """Return how many files of a volume, outside of archives on it, have no hash, and their bytes."""
    with catalogue.reading() as connection:
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(entry.c.size), 0)).where(
            *_without_hash(held, False)
        )
        files, n_bytes = connection.execute(query).one()
        return int(files), int(n_bytes)


def _without_hash(held: CataloguedVolume, nested: bool | None) -> tuple[sa.ColumnElement[bool], ...]:
    of_kind = of_volume(held), entry.c.kind == int(Kind.FILE), entry.c.sha256.is_(None), entry.c.parts == 0
    if nested is None:
        return of_kind
    return *of_kind, entry.c.nested > 0 if nested else entry.c.nested == 0


def set_hashes(catalogue: Catalogue, hashes: Iterable[tuple[int, bytes]]) -> None:
    """Store the SHA-256 (32 bytes) of entries, given in pairs with their ids."""
    values = [{"at": number, "sha256": digest} for number, digest in hashes]
    if values:
        with catalogue.writing() as connection:
            connection.execute(entry.update().where(entry.c.id == sa.bindparam("at")), values)
