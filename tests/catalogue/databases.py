"""Catalogues for the tests, on each kind of database: made once, and emptied for the next test.

To make one takes a second of MariaDB's time, to empty one a hundredth of that.
"""

from __future__ import annotations

import itertools
import shutil
from abc import ABC, abstractmethod
from pathlib import Path

import sqlalchemy as sa

from pybackup.catalogue.address import parse_address
from pybackup.catalogue.connect import create_catalogue, versions
from pybackup.catalogue.schema import metadata

TABLES = [*metadata.sorted_tables, versions]
# What a test that changed the schema has changed: columns, and indexes.
_SCHEMA = {
    "postgresql": "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
    "UNION ALL SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public'",
    "mariadb": "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE() "
    "UNION ALL SELECT table_name, index_name FROM information_schema.statistics WHERE table_schema = DATABASE()",
}
_NUMBERS = itertools.count()
_MASTER = {"postgresql": "postgres", "mariadb": "mysql"}


class Databases(ABC):
    """Where catalogues are made; each address is given once in a test."""

    @abstractmethod
    def nowhere(self) -> str:
        """Return the address of a catalogue that is not made yet."""

    @abstractmethod
    def empty(self) -> str:
        """Return the address of an empty catalogue."""

    @abstractmethod
    def end_test(self) -> None:
        """Tell that the addresses given are no longer used."""


class SqliteFiles(Databases):
    """Files; an empty catalogue is a copy of one that was made before.

    Parameters
    ----------
    directory
        Where to make them.
    model
        A catalogue in which nothing was entered.
    """

    def __init__(self, directory: Path, model: Path) -> None:
        self._directory = directory
        self._model = model

    def at(self, directory: Path) -> SqliteFiles:
        """Return the same for another directory."""
        return SqliteFiles(directory, self._model)

    def nowhere(self) -> str:
        return str(self._directory / f"catalogue-{next(_NUMBERS)}.sqlite")

    def empty(self) -> str:
        address = self.nowhere()
        shutil.copy(self._model, address)
        return address

    def end_test(self) -> None:
        pass


class _Pooled:
    """A catalogue on a server, with all that it had when it was made."""

    def __init__(self, address: str) -> None:
        create_catalogue(address).close()
        self.address = address
        self._engine = sa.create_engine(parse_address(address))
        with self._engine.connect() as connection:
            self._schema = self._described(connection)
            self._rows = {table: [dict(row._mapping) for row in connection.execute(table.select())] for table in TABLES}

    def _described(self, connection: sa.Connection) -> list[tuple[object, ...]]:
        return sorted(map(tuple, connection.exec_driver_sql(_SCHEMA[self._engine.dialect.name]).all()))

    def is_made_empty(self) -> bool:
        """Empty it; return False if its tables themselves were changed, so that it cannot be used again."""
        with self._engine.begin() as connection:
            if self._described(connection) != self._schema:
                return False
            for table, rows in self._rows.items():
                connection.execute(table.delete())
                if rows:
                    connection.execute(table.insert(), rows)
        return True

    def close(self) -> None:
        self._engine.dispose()


class Served(Databases):
    """Databases of a server.

    Parameters
    ----------
    server
        Its URL, less the name of a database.
    kind
        ``postgresql`` or ``mariadb``.
    """

    def __init__(self, server: str, kind: str) -> None:
        self._server = server
        self._master = sa.create_engine(parse_address(server.format(name=_MASTER[kind])), isolation_level="AUTOCOMMIT")
        self._made = 0
        self._new: list[str] = []
        self._used: list[_Pooled] = []
        self._free: list[_Pooled] = []

    def _name(self) -> str:
        self._made += 1
        name = f"catalogue_{self._made}"
        with self._master.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return name

    def nowhere(self) -> str:
        self._new.append(self._name())
        return self._server.format(name=self._new[-1])

    def empty(self) -> str:
        pooled = self._free.pop() if self._free else _Pooled(self._server.format(name=self._name()))
        self._used.append(pooled)
        return pooled.address

    def end_test(self) -> None:
        with self._master.connect() as connection:
            while self._new:
                connection.exec_driver_sql(f"DROP DATABASE {self._new.pop()}")
        while self._used:
            pooled = self._used.pop()
            if pooled.is_made_empty():
                self._free.append(pooled)
            else:
                pooled.close()

    def close(self) -> None:
        for pooled in self._free:
            pooled.close()
        self._master.dispose()
