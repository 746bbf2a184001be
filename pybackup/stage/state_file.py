"""The SQLite file with the state of a stage: its schema, and making, opening and locking it.

It can be read with ``sqlite3`` alone. The view ``whereabouts`` has for each watched path the disc it is on::

    sqlite3 STAGING/stage.sqlite "SELECT * FROM whereabouts WHERE path LIKE '%song%'"
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator

from pybackup.errors import EnvironmentFailed, Exists, UsageError
from pybackup.host.environment import environment
from pybackup.host.locks import try_lock
from pybackup.host.temporaries import temporary_directory

from .state import STATE, StageState
from .values import StageSettings

_LOCK = b"stage.lock"
_VERSION = 3
# Paths are bytes; as TEXT they compare, match and print in sqlite3 as people expect.
_SCHEMA = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value);
CREATE TABLE disc (
    number INTEGER PRIMARY KEY, name TEXT, state TEXT, opened_ns INTEGER, closed_ns INTEGER, checked_ns INTEGER,
    archive_id BLOB, listing BLOB, image_bytes INTEGER, set_id BLOB, volume INTEGER, is_last INTEGER);
CREATE TABLE directory (id INTEGER PRIMARY KEY, path TEXT UNIQUE, mark BLOB);
CREATE TABLE copy (
    id INTEGER PRIMARY KEY, disc INTEGER, directory INTEGER, name TEXT, kind INTEGER, size INTEGER, mtime_ns INTEGER,
    mode INTEGER, sha256 BLOB, cost INTEGER, reason TEXT, staged_ns INTEGER, UNIQUE (disc, directory, name));
CREATE INDEX copy_by_content ON copy (sha256);
CREATE INDEX copy_by_size ON copy (size);
CREATE INDEX copy_by_disc ON copy (disc, size, cost);
CREATE TABLE part (
    copy INTEGER, disc INTEGER, first INTEGER, here INTEGER, parts INTEGER, PRIMARY KEY (copy, disc)) WITHOUT ROWID;
CREATE INDEX part_by_disc ON part (disc);
CREATE VIEW held AS
    SELECT copy.id AS copy, copy.disc, coalesce(part.first, 0) AS first, coalesce(part.here, 0) AS here,
        coalesce(part.parts, 0) AS parts
    FROM copy LEFT JOIN part ON part.copy = copy.id AND part.disc = copy.disc
    UNION ALL SELECT part.copy, part.disc, first, here, parts
    FROM part JOIN copy ON copy.id = part.copy WHERE part.disc != copy.disc;
CREATE TABLE file (
    directory INTEGER, name TEXT, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, disc INTEGER, sha256 BLOB,
    PRIMARY KEY (directory, name)) WITHOUT ROWID;
CREATE INDEX file_by_content ON file (sha256);
-- A directory has a mark if all of its files were compared, and none had changed: see marks.py.
CREATE TRIGGER file_new AFTER INSERT ON file BEGIN UPDATE directory SET mark = NULL WHERE id = NEW.directory; END;
CREATE TRIGGER file_other AFTER UPDATE ON file BEGIN UPDATE directory SET mark = NULL WHERE id = NEW.directory; END;
CREATE TRIGGER file_gone AFTER DELETE ON file BEGIN UPDATE directory SET mark = NULL WHERE id = OLD.directory; END;
CREATE TRIGGER disc_other AFTER UPDATE OF state ON disc BEGIN UPDATE directory SET mark = NULL; END;
CREATE TABLE event (at_ns INTEGER, path TEXT, what TEXT, other TEXT, sha256 BLOB);
CREATE TABLE waiting (path TEXT PRIMARY KEY, size INTEGER, reason TEXT, since_ns INTEGER, scan INTEGER);
CREATE TABLE scan (id INTEGER PRIMARY KEY, begun_ns INTEGER, finished_ns INTEGER, files INTEGER);
CREATE VIEW whereabouts AS
    SELECT ltrim(directory.path || '/' || file.name, '/') AS path, file.size, disc.name AS disc, disc.state,
        ltrim(there.path || '/' || copy.name, '/') AS path_there, copy.reason,
        datetime(copy.staged_ns / 1000000000, 'unixepoch') AS staged
    FROM file JOIN directory ON directory.id = file.directory JOIN copy ON copy.sha256 = file.sha256
    JOIN held ON held.copy = copy.id
    JOIN directory AS there ON there.id = copy.directory JOIN disc ON disc.number = held.disc;
"""


# Which discs a recovery disc covers. Version 2 had no recovery discs.
_COVER = "CREATE TABLE cover (disc INTEGER, covered INTEGER, PRIMARY KEY (disc, covered)) WITHOUT ROWID;"


@contextlib.contextmanager
def stage_lock(directory: bytes) -> Iterator[None]:
    """Lock a staging directory for a run that changes it.

    Raises
    ------
    EnvironmentFailed
        Another run is at work there; the directory cannot be written.
    """
    path = os.path.join(directory, _LOCK)
    with environment(path):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if not try_lock(fd):
                raise EnvironmentFailed(f"{os.fsdecode(directory)}: another run is at work there")
            yield
        finally:
            os.close(fd)


@contextlib.contextmanager
def make_state(directory: bytes, settings: StageSettings) -> Iterator[StageState]:
    """Make the state of a new stage; the file gets its name at the end of the block. The caller holds the lock.

    Raises
    ------
    Exists
        The directory has one already.
    EnvironmentFailed
        It cannot be written.
    """
    path = os.path.join(directory, STATE)
    if os.path.lexists(path):
        raise Exists(f"{os.fsdecode(path)}: exists; a directory is for one stage")
    with contextlib.ExitStack() as stack:
        with environment(path):
            new = os.path.join(stack.enter_context(temporary_directory(directory)), STATE)
        with _connected(new, "rwc") as connection:
            connection.executescript(_SCHEMA + _COVER)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            state = StageState(directory, connection)
            state.save(settings)
            yield state
            state.open_disc(time.time_ns())
            state.commit()
        with environment(path):
            os.rename(new, path)


@contextlib.contextmanager
def open_state(directory: bytes) -> Iterator[StageState]:
    """Open the state of a stage.

    Raises
    ------
    UsageError
        The directory has none, or one of another version.
    EnvironmentFailed
        It cannot be read, or is damaged.
    """
    path = os.path.join(directory, STATE)
    name = os.fsdecode(directory)
    if not os.path.isfile(path):
        raise UsageError(f"{name}: no staging directory; 'pybackup stage init' makes one")
    with _connected(path, "rw") as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == _VERSION - 1:
            connection.executescript(f"BEGIN; {_COVER} PRAGMA user_version = {_VERSION}; COMMIT;")
        elif version != _VERSION:
            raise UsageError(f"{name}: made by another version of pybackup")
        yield StageState(directory, connection)


@contextlib.contextmanager
def _connected(path: bytes, mode: str) -> Iterator[sqlite3.Connection]:
    name = os.fsdecode(path)
    try:
        connection = sqlite3.connect(f"file:{_quoted(path)}?mode={mode}", uri=True, timeout=60)
    except sqlite3.Error as error:
        raise EnvironmentFailed(f"{name}: {error}") from error
    connection.text_factory = bytes
    try:
        yield connection
    except sqlite3.Error as error:
        raise EnvironmentFailed(
            f"{name}: {error}; if it is damaged, move it away: 'pybackup stage init' makes it again from a disc"
        ) from error
    finally:
        connection.close()


def _quoted(path: bytes) -> str:
    from urllib.parse import quote

    return quote(os.path.abspath(path))
