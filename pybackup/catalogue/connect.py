"""Opening and making a catalogue: the schema is checked, and there is one writer at a time on every database."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

from pyactivity.ending import before_end, settled
from pybackup.errors import EnvironmentFailed, UsageError

from .address import parse_address, shown_address
from .engine import WRITER, engine_of, own_error
from .schema import REVISION, ROOT, directory, metadata, writer

versions = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), nullable=False))


class Catalogue:
    """A catalogue that is open; use it in a ``with``.

    Attributes
    ----------
    url, shown
        Where it is, and the same to be shown, without passwords.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.shown = shown_address(url)
        self._engine = engine_of(url, self.shown)
        self._files: set[sqlite3.Connection] = set()
        if self.is_sqlite:
            sa.event.listen(self._engine, "connect", lambda file, _: self._files.add(file))
            sa.event.listen(self._engine, "close", lambda file, _: self._files.discard(file))
            before_end(self._let_go)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def dialect(self) -> str:
        """``sqlite``, ``postgresql``, ``mariadb`` or ``mysql``."""
        return self._engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection on which nothing is changed.

        Raises
        ------
        Damaged
            The database is damaged, or the file is not one of SQLite.
        EnvironmentFailed
            It cannot be reached.
        """
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection for one transaction; other writers wait meanwhile. An exception in the block undoes it.

        Raises
        ------
        Damaged, EnvironmentFailed
            As for `reading`; or the disk is full, or the database cannot be written.
        """
        with self._translated(), self._engine.connect() as connection:
            connection = connection.execution_options(begins=WRITER)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(sa.select(writer.c.id).with_for_update())
                yield connection

    def close(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()
        settled(self._let_go)

    def _let_go(self) -> None:
        """Close the file, so that everything is in it and there is no write-ahead log."""
        for file in list(self._files):
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            failure = own_error(error, self.shown)
            if failure is None:
                raise
            raise failure from error

    def _revision(self) -> str | None:
        with self.reading() as connection:
            if not sa.inspect(connection).has_table(versions.name):
                return None
            return connection.execute(sa.select(versions.c.version_num)).scalar()


def open_catalogue(address: str) -> Catalogue:
    """Open a catalogue.

    Raises
    ------
    UsageError
        There is none.
    EnvironmentFailed
        It cannot be reached, or was made by an earlier or later version of this program.
    Damaged
        The file is damaged, or not one of SQLite.
    """
    catalogue = existing(address)
    try:
        revision = catalogue._revision()
        if revision is None:
            raise UsageError(f"{catalogue.shown}: there is no catalogue; 'pybackup catalogue init' makes one")
        if revision != REVISION:
            raise EnvironmentFailed(f"{catalogue.shown}: {_advice(revision)}")
    except BaseException:
        catalogue.close()
        raise
    return catalogue


def existing(address: str) -> Catalogue:
    """Return a catalogue without looking at its schema, which may be of another version.

    Raises
    ------
    UsageError
        The file does not exist.
    """
    url = parse_address(address)
    catalogue = Catalogue(url)
    if catalogue.is_sqlite and not os.path.exists(str(url.database)):
        raise UsageError(f"{catalogue.shown}: there is no catalogue; 'pybackup catalogue init' makes one")
    return catalogue


def open_or_create(address: str) -> Catalogue:
    """Open a catalogue; make it if the file does not exist, or the database is empty.

    Raises
    ------
    UsageError
        The address is wrong, or the database has tables of another program.
    EnvironmentFailed, Damaged
        As for `open_catalogue` and `create_catalogue`.
    """
    return open_catalogue(address) if _is_there(address) else create_catalogue(address)


def _is_there(address: str) -> bool:
    url = parse_address(address)
    with Catalogue(url) as catalogue:
        exists = not catalogue.is_sqlite or os.path.exists(str(url.database))
        return exists and catalogue._revision() is not None


def revision_of(catalogue: Catalogue) -> str | None:
    """Return the revision of its schema; None where it has none."""
    return catalogue._revision()


def create_catalogue(address: str) -> Catalogue:
    """Make a catalogue, and the directory of its file.

    Raises
    ------
    UsageError
        There is a catalogue already, or the database has tables of another program.
    EnvironmentFailed
        It cannot be made.
    """
    url = parse_address(address)
    catalogue = Catalogue(url)
    try:
        if catalogue.is_sqlite:
            _make_file(str(url.database))
        if catalogue._revision() is not None:
            raise UsageError(f"{catalogue.shown}: there is a catalogue already")
        with catalogue._translated():
            _make_tables(catalogue)
    except BaseException:
        catalogue.close()
        raise
    return catalogue


def _make_file(path: str) -> None:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # Only the owner can read it: it has the names of all files.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if os.path.getsize(path):
            return
        with sqlite3.connect(path) as connection:
            # With a write-ahead log readers and the writer do not wait for each other. The mode is kept in the file.
            connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    except (OSError, sqlite3.Error) as error:
        raise EnvironmentFailed(f"{path}: cannot make a catalogue here: {error}") from error


def _make_tables(catalogue: Catalogue) -> None:
    with catalogue._engine.connect() as connection:
        connection = connection.execution_options(begins=WRITER)
        with connection.begin():
            found = set(sa.inspect(connection).get_table_names())
            if found & {*metadata.tables, versions.name}:
                raise UsageError(f"{catalogue.shown}: the database has tables of another program")
            metadata.create_all(connection)
            versions.create(connection)
            connection.execute(versions.insert().values(version_num=REVISION))
            connection.execute(writer.insert().values(id=1, taken_ns=time.time_ns()))
            connection.execute(directory.insert().values(id=ROOT, parent_id=0, name=b""))


def _advice(revision: str) -> str:
    if revision < REVISION:
        return "the catalogue was made by an earlier version; 'pybackup catalogue upgrade' makes it one of this version"
    return f"the catalogue was made by a later version of pybackup (schema {revision}); use that"
