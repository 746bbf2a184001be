"""Opening a catalogue: wrong addresses, other files and databases, permissions, and what the errors say."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from pybackup.catalogue.address import parse_address, shown_address
from pybackup.catalogue.connect import Catalogue, create_catalogue, open_catalogue, open_or_create, versions
from pybackup.catalogue.default import configured, default_address
from pybackup.catalogue.schema import REVISION
from pybackup.errors import Damaged, EnvironmentFailed, PybackupError, UsageError

from .conftest import NewAddress


@pytest.fixture
def nowhere(new_address: NewAddress) -> str:
    """Return the address of a catalogue that is not made."""
    return new_address()


def test_what_was_made_is_opened(nowhere: str) -> None:
    create_catalogue(nowhere).close()
    with open_catalogue(nowhere) as again, again.reading() as connection:
        assert connection.execute(sa.select(versions.c.version_num)).scalar_one() == REVISION


def test_there_is_none(nowhere: str) -> None:
    with pytest.raises(UsageError, match="there is no catalogue"):
        open_catalogue(nowhere)


def test_it_is_made_once(catalogue: Catalogue, address: str) -> None:
    with pytest.raises(UsageError, match="there is a catalogue already"):
        create_catalogue(address)


def test_tables_of_another_program_are_left_alone(nowhere: str) -> None:
    with create_catalogue(nowhere) as made, made.writing() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    with pytest.raises(UsageError, match="tables of another program"):
        create_catalogue(nowhere)


@pytest.mark.parametrize(("revision", "advice"), [("0000", "catalogue upgrade"), ("9999", "later version")])
def test_another_schema_is_refused(catalogue: Catalogue, address: str, revision: str, advice: str) -> None:
    with catalogue.writing() as connection:
        connection.execute(versions.update().values(version_num=revision))
    with pytest.raises(EnvironmentFailed, match=advice):
        open_catalogue(address)


def test_it_is_opened_or_made(nowhere: str) -> None:
    with open_or_create(nowhere) as made, made.writing() as connection:
        connection.execute(sa.text("UPDATE writer SET taken_ns = 7"))
    with open_or_create(nowhere) as opened, opened.reading() as connection:
        assert connection.execute(sa.text("SELECT taken_ns FROM writer")).scalar_one() == 7


def test_another_schema_is_not_taken_for_none(catalogue: Catalogue, address: str) -> None:
    with catalogue.writing() as connection:
        connection.execute(versions.update().values(version_num="0000"))
    with pytest.raises(EnvironmentFailed, match="catalogue upgrade"):
        open_or_create(address)
    with catalogue.reading() as connection:
        assert connection.execute(sa.select(versions.c.version_num)).scalar_one() == "0000"


def test_the_tables_of_another_program_are_not_taken_for_none(nowhere: str) -> None:
    with create_catalogue(nowhere) as made, made.writing() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    with pytest.raises(UsageError, match="tables of another program"):
        open_or_create(nowhere)


@pytest.mark.parametrize("text", ["oracle://host/name", "sqlite://", "postgresql://host"])
def test_an_address_that_is_none_is_looked_at_once(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_or_create(text)
    assert refused.value.__context__ is None


def test_half_a_change_is_none(catalogue: Catalogue) -> None:
    def fail() -> None:
        with catalogue.writing() as connection:
            connection.execute(versions.update().values(version_num="0007"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with catalogue.reading() as connection:
        assert connection.execute(sa.select(versions.c.version_num)).scalar_one() == REVISION


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be one" * 100, b"SQLite format 3\0" * 64])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes(content)
    with pytest.raises(Damaged, match=r"catalogue\.sqlite: "):
        open_catalogue(str(path))
    assert path.read_bytes() == content


def test_an_empty_file_is_no_catalogue_but_may_become_one(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    path.touch()
    with pytest.raises(UsageError, match="there is no catalogue"):
        open_catalogue(str(path))
    create_catalogue(str(path)).close()
    open_catalogue(str(path)).close()


def test_a_new_file_is_nobody_elses(tmp_path: Path) -> None:
    create_catalogue(str(tmp_path / "sub/c.sqlite")).close()
    assert (tmp_path / "sub/c.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFailed, match="cannot make a catalogue here"):
        create_catalogue(str(tmp_path / "file/c.sqlite"))


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:s3cret@127.0.0.1:1/backups",
        "postgresql://127.0.0.1:1/backups?user=me&password=s3cret",
        "mariadb://me:s3cret@127.0.0.1:1/backups",
        "mysql://me:s3cret@127.0.0.1:1/backups?ssl_key=s3cret",
    ],
)
def test_secrets_are_not_told(address: str) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        open_catalogue(address)
    error: BaseException | None = caught.value
    assert "127.0.0.1" in str(error)
    while isinstance(error, PybackupError):
        assert "s3cret" not in str(error)
        error = error.__cause__
    assert "s3cret" not in shown_address(parse_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "oracle://me:s3cret@host/db",
        "postgresql://me:s3cret@host",
        "sqlite://",
        "sqlite:///:memory:",
        "://s3cret",
        "a://b:s3cret",
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(address)
    assert "s3cret" not in str(caught.value)


def test_a_path_is_a_file_of_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert parse_address("~/c.sqlite").database == "/home/me/c.sqlite"
    assert parse_address("sqlite:///~/c.sqlite").database == "/home/me/c.sqlite"
    assert parse_address("/a/b").database == "/a/b"


def test_the_address_where_none_is_given() -> None:
    assert default_address({"HOME": "/home/me"}) == "/home/me/.local/share/pybackup/catalogue.sqlite"
    assert default_address({"HOME": "/home/me", "XDG_DATA_HOME": "/d"}) == "/d/pybackup/catalogue.sqlite"
    assert default_address({"PYBACKUP_CATALOGUE": "postgresql://h/n", "HOME": "/h"}) == "postgresql://h/n"


def test_where_what_is_made_is_written_down(tmp_path: Path) -> None:
    own = {"HOME": str(tmp_path)}
    assert configured(None, own) is None
    assert configured("x", own) == "x"
    assert configured(None, {**own, "PYBACKUP_CATALOGUE": "y"}) == "y"
    assert configured("none", {**own, "PYBACKUP_CATALOGUE": "y"}) is None
    assert configured(None, {**own, "PYBACKUP_CATALOGUE": "none"}) is None
    path = tmp_path / ".local/share/pybackup/catalogue.sqlite"
    create_catalogue(str(path)).close()
    assert configured(None, own) == str(path)


def test_a_driver_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pymysql", None)
    with pytest.raises(EnvironmentFailed, match=r"needs a driver, the Python package pymysql$"):
        open_catalogue("mariadb://me@host/name")


def test_a_reader_does_not_wait_for_a_writer(catalogue: Catalogue, address: str) -> None:
    with catalogue.writing() as connection, open_catalogue(address) as other:
        connection.execute(versions.update().values(version_num="9999"))
        with other.reading() as reader:
            assert reader.execute(sa.select(versions.c.version_num)).scalar_one() == REVISION


def test_what_sqlite3_makes_of_it(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    create_catalogue(os.fspath(path)).close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
