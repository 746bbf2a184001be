"""Engines of databases, and which errors of drivers become errors of ours."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from pybackup.catalogue.address import parse_address
from pybackup.catalogue.engine import WRITER, engine_of, own_error
from pybackup.errors import Damaged, EnvironmentFailed


def failed(path: Path, *statements: str, begins: str = "BEGIN") -> DBAPIError:
    engine = engine_of(parse_address(str(path)), "shown")
    try:
        with engine.connect() as connection:
            for each in statements:
                connection.execution_options(begins=begins).execute(sa.text(each))
    except DBAPIError as error:
        return error
    finally:
        engine.dispose()
    raise AssertionError(f"{statements}: no error")


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(EnvironmentFailed, match="shown: needs a driver, the Python package psycopg"):
        engine_of(parse_address("postgresql://me@localhost/backups"), "shown")


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_bytes(b"no database" * 100)
    assert isinstance(own_error(failed(tmp_path / "c.sqlite", "SELECT * FROM sqlite_schema"), "shown"), Damaged)


def test_a_second_writer_is_a_failure_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pybackup.catalogue.engine._PATIENCE_S", 0)
    first = engine_of(parse_address(str(tmp_path / "c.sqlite")), "shown")
    with first.connect() as connection:
        connection.execution_options(begins=WRITER).execute(sa.text("CREATE TABLE a (b INTEGER PRIMARY KEY)"))
        error = own_error(failed(tmp_path / "c.sqlite", "SELECT 1", begins=WRITER), "shown")
    first.dispose()
    assert isinstance(error, EnvironmentFailed)
    assert str(error) == "shown: the catalogue cannot be used: database is locked"


def test_a_bug_of_ours_is_not_hidden(tmp_path: Path) -> None:
    twice = failed(tmp_path / "c.sqlite", "CREATE TABLE a (b INTEGER PRIMARY KEY)", *["INSERT INTO a VALUES (1)"] * 2)
    assert own_error(twice, "shown") is None
