"""A catalogue on each of the databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pybackup.catalogue.connect import Catalogue, create_catalogue, open_catalogue

from . import servers
from .databases import Databases, Served, SqliteFiles
from .verbs import Run, commands

DATABASES = [
    "sqlite",
    # One server for all of its tests, whatever process runs them.
    pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql")),
    pytest.param("mariadb", marks=pytest.mark.xdist_group("mariadb")),
]
# For a test of what does not depend on the database, and for one that another does on SQLite.
on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
on_servers = pytest.mark.parametrize("databases", DATABASES[1:], indirect=True)

NewAddress = Callable[[], str]


@pytest.fixture(scope="session", autouse=True)
def without_sync() -> Iterator[None]:
    """No test cuts the power: SQLite need not wait for the disk, as the servers do not."""

    def prepare(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    sa.event.listen(sa.Engine, "connect", prepare)
    yield
    sa.event.remove(sa.Engine, "connect", prepare)


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """Catalogues of the run."""
    directory = tmp_path_factory.mktemp("catalogues")
    create_catalogue(str(directory / "model.sqlite")).close()
    return SqliteFiles(directory, directory / "model.sqlite")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Served]:
    with servers.postgresql() as url:
        databases = Served(url, "postgresql")
        yield databases
        databases.close()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Served]:
    with servers.mariadb() as url:
        databases = Served(url, "mariadb")
        yield databases
        databases.close()


@pytest.fixture(params=DATABASES)
def databases(request: pytest.FixtureRequest, tmp_path: Path, sqlite_files: SqliteFiles) -> Iterator[Databases]:
    """Catalogues on each kind of database."""
    kind: str = request.param
    found = sqlite_files.at(tmp_path) if kind == "sqlite" else request.getfixturevalue(f"{kind}_server")
    yield found
    found.end_test()


@pytest.fixture
def new_address(databases: Databases) -> NewAddress:
    """Gives the address of another catalogue, not made yet, each time it is called; on each kind of database."""
    return databases.nowhere


@pytest.fixture
def address(databases: Databases) -> str:
    """The address of an empty catalogue, on each kind of database."""
    return databases.empty()


@pytest.fixture
def sqlite_address(sqlite_files: SqliteFiles, tmp_path: Path) -> str:
    """The address of an empty catalogue on SQLite, for tests that do not depend on the database."""
    return sqlite_files.at(tmp_path).empty()


@pytest.fixture
def catalogue(address: str) -> Iterator[Catalogue]:
    """An empty catalogue, on each kind of database."""
    with open_catalogue(address) as opened:
        yield opened


@pytest.fixture
def run(address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, with a catalogue on each kind of database."""
    return commands(address, tmp_path, capsys, monkeypatch)
