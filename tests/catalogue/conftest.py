"""A catalogue on each of the databases."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pybackup.catalogue.address import parse_address
from pybackup.catalogue.connect import Catalogue, create_catalogue

from . import servers
from .verbs import Run, commands

DATABASES = [
    "sqlite",
    # One server for all of its tests, whatever process runs them.
    pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql")),
    pytest.param("mariadb", marks=pytest.mark.xdist_group("mariadb")),
]
_NUMBERS = itertools.count()

NewAddress = Callable[[], str]


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with servers.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    with servers.mariadb() as url:
        yield url


@pytest.fixture(params=DATABASES)
def new_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewAddress]:
    """Gives another place where a catalogue may be made each time it is called, on each kind of database."""
    if request.param == "sqlite":
        yield lambda: str(tmp_path / f"catalogue-{next(_NUMBERS)}.sqlite")
        return
    server: str = request.getfixturevalue(f"{request.param}_server")
    master = "postgres" if request.param == "postgresql" else "mysql"
    engine = sa.create_engine(parse_address(server.format(name=master)), isolation_level="AUTOCOMMIT")
    made: list[str] = []

    def make() -> str:
        made.append(f"catalogue_{next(_NUMBERS)}")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {made[-1]}")
        return server.format(name=made[-1])

    yield make
    with engine.connect() as connection:
        for name in made:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
    engine.dispose()


@pytest.fixture
def address(new_address: NewAddress) -> str:
    """Where a catalogue may be made, on each kind of database."""
    return new_address()


@pytest.fixture
def catalogue(address: str) -> Iterator[Catalogue]:
    """A new catalogue on each kind of database."""
    with create_catalogue(address) as made:
        yield made


@pytest.fixture
def run(address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, with a catalogue on each kind of database."""
    return commands(address, tmp_path, capsys, monkeypatch)
