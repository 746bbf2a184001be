"""Inserting many rows at once, by the fastest way that each database has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateIndex, DropIndex

from .schema import base, entry

# Rows in one call: tuples of these are all that is in memory.
_BATCH = 5_000
# Making an index again sorts once. Updating a large one writes to places all over it, which takes ten times as long.
_WORTH_REBUILDING = 50_000


def insert_rows(connection: Connection, table: sa.Table, rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows with a value for each column of the table, in their order."""
    if connection.dialect.name == "postgresql":
        # Making the rows may need queries on this connection, which cannot answer while a COPY is under way.
        for some in batches(rows):
            _copy(connection, table, some)
        return
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    names = ", ".join(column.name for column in table.columns)
    marks = ", ".join([mark] * len(table.columns))
    quoted = connection.dialect.identifier_preparer.format_table(table)
    statement = f"INSERT INTO {quoted} ({names}) VALUES ({marks})"
    for some in batches(rows):
        # Without SQLAlchemy's processing of parameters, which takes five times as long as SQLite itself.
        connection.exec_driver_sql(statement, some)


def _copy(connection: Connection, table: sa.Table, rows: Iterable[Sequence[Any]]) -> None:
    names = ", ".join(column.name for column in table.columns)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def batches(rows: Iterable[Any], size: int = _BATCH) -> Iterator[list[Any]]:
    """Yield the rows in lists of ``size``; the last one may be shorter."""
    iterator = iter(rows)
    while some := [row for _, row in zip(range(size), iterator, strict=False)]:
        yield some


@contextmanager
def rebuilding_indexes(connection: Connection, table: sa.Table, coming: int, there: int) -> Iterator[None]:
    """Drop a table's indexes for the block and make them again at its end, where that is quicker than updating them.

    This is done in SQLite only, where it is part of the transaction, so that an error in the block undoes it.

    Parameters
    ----------
    coming, there
        How many rows will be inserted, and how many there are.
    """
    rebuilt: list[sa.Index] = []
    if connection.dialect.name == "sqlite" and coming >= max(_WORTH_REBUILDING, there // 2):
        rebuilt = sorted(table.indexes, key=lambda index: str(index.name))
    for index in rebuilt:
        connection.execute(DropIndex(index))
    yield
    for index in rebuilt:
        connection.execute(CreateIndex(index))


def delete_entries(connection: Connection, first: int, count: int) -> None:
    """Delete the entries of a volume, which have consecutive ids, and what is known of their bases."""
    for table in (entry, base):
        connection.execute(table.delete().where(table.c.id >= first, table.c.id < first + count))


def next_id(connection: Connection, table: sa.Table) -> int:
    """Return the id of the next row. The caller is in `Catalogue.writing`, so nobody else takes it."""
    return (connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0) + 1
