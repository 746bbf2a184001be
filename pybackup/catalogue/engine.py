"""The SQLAlchemy engine of each kind of database, and the exceptions of drivers as our own."""

from __future__ import annotations

import sqlite3
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError

from pybackup.errors import Damaged, EnvironmentFailed

# How long one writer waits for another: a medium of ten million files takes two minutes.
_PATIENCE_S = 600
_CACHE_KIB = 32 * 1024
_NO_PRIVILEGE = "42501"  # SQLSTATE insufficient_privilege
# Statements that begin a transaction in SQLite: of a reader, and of a writer.
_READER, WRITER = "BEGIN", "BEGIN IMMEDIATE"


def engine_of(url: URL, shown: str) -> sa.Engine:
    """Return the engine of a database; ``shown`` is its URL without passwords.

    The execution option ``begins`` of a connection is the statement that begins its transactions in SQLite.

    Raises
    ------
    EnvironmentFailed
        Its driver is not installed.
    """
    options: dict[str, Any] = {"hide_parameters": True}
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": _PATIENCE_S}
    elif url.get_backend_name() == "postgresql":
        options["connect_args"] = {"connect_timeout": 10}
    else:
        options["connect_args"] = {"connect_timeout": 10, "charset": "utf8mb4"}
    try:
        engine = sa.create_engine(url, **options)
    except ImportError as error:
        raise EnvironmentFailed(f"{shown}: needs a driver, the Python package {url.get_driver_name()}") from error
    if url.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "begin", _begin)
    elif url.get_backend_name() != "postgresql":
        sa.event.listen(engine, "connect", _be_patient)
    return engine


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    # Python's sqlite3 must not begin transactions by itself: `_begin` does.
    connection.isolation_level = None
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and then writes fails at once if another one has written meanwhile, whatever the
    # time-out. So writers take the lock when they begin.
    connection.exec_driver_sql(connection.get_execution_options().get("begins", _READER))


def _be_patient(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION innodb_lock_wait_timeout={_PATIENCE_S}, lock_wait_timeout={_PATIENCE_S}")


def own_error(error: DBAPIError, shown: str) -> Exception | None:
    """Return our own exception for one of a database driver; None if that shows a bug of this program.

    Messages of drivers, which are kept, name hosts and files, but no values of the query.
    """
    reason = str(error.orig).strip().split("\n")[0]
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return Damaged(f"{shown}: {reason}")
    denied = getattr(error.orig, "sqlstate", "") == _NO_PRIVILEGE
    if type(error) in (IntegrityError, DataError, ProgrammingError, NotSupportedError) and not denied:
        return None
    return EnvironmentFailed(f"{shown}: the catalogue cannot be used: {reason}")
