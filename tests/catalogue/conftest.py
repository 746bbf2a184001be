"""A catalogue on each of the databases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pybackup.catalogue.address import parse_address
from pybackup.catalogue.connect import Catalogue, create_catalogue

from . import servers

DATABASES = [
    "sqlite",
    # One server for all of its tests, whatever process runs them.
    pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql")),
    pytest.param("mariadb", marks=pytest.mark.xdist_group("mariadb")),
]
_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with servers.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    with servers.mariadb() as url:
        yield url


@pytest.fixture(params=DATABASES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a catalogue may be made, on each kind of database."""
    if request.param == "sqlite":
        yield str(tmp_path / "catalogue.sqlite")
        return
    server: str = request.getfixturevalue(f"{request.param}_server")
    name = f"catalogue_{next(_NUMBERS)}"
    master = "postgres" if request.param == "postgresql" else "mysql"
    engine = sa.create_engine(parse_address(server.format(name=master)), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.format(name=name)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    engine.dispose()


@pytest.fixture
def catalogue(address: str) -> Iterator[Catalogue]:
    """A new catalogue on each kind of database."""
    with create_catalogue(address) as made:
        yield made
