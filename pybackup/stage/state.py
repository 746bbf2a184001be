"""The state of a stage, one file of SQLite in its directory: settings, discs, what lies on each, what is watched.

It is made for whoever has ``sqlite3`` alone, too; the view ``whereabouts`` tells for each path which disc has it::

    sqlite3 STAGING/stage.sqlite "SELECT * FROM whereabouts WHERE path LIKE '%song%'"
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from typing import Any

from pybackup.errors import EnvironmentFailed, Exists, UsageError
from pybackup.host.environment import environment
from pybackup.host.locks import try_lock
from pybackup.model.entry import Kind

from .values import Comparison, DiscState, KnownFile, OnFull, StagedCopy, StagedDisc, StageSettings, WaitReason

STATE = b"stage.sqlite"
_LOCK = b"stage.lock"
_VERSION = 1
# Paths are bytes; as TEXT they compare, match and print as such in sqlite3.
_SCHEMA = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value);
CREATE TABLE disc (
    number INTEGER PRIMARY KEY, name TEXT, state TEXT, opened_ns INTEGER, closed_ns INTEGER, checked_ns INTEGER,
    archive_id BLOB, listing BLOB, image_bytes INTEGER);
CREATE TABLE directory (id INTEGER PRIMARY KEY, path TEXT UNIQUE);
CREATE TABLE copy (
    id INTEGER PRIMARY KEY, disc INTEGER, directory INTEGER, name TEXT, kind INTEGER, size INTEGER, mtime_ns INTEGER,
    mode INTEGER, sha256 BLOB, cost INTEGER, reason TEXT, staged_ns INTEGER, UNIQUE (disc, directory, name));
CREATE INDEX copy_by_content ON copy (sha256);
CREATE INDEX copy_by_size ON copy (size);
CREATE TABLE file (
    directory INTEGER, name TEXT, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, disc INTEGER, sha256 BLOB,
    PRIMARY KEY (directory, name)) WITHOUT ROWID;
CREATE INDEX file_by_content ON file (sha256);
CREATE TABLE event (at_ns INTEGER, path TEXT, what TEXT, other TEXT, sha256 BLOB);
CREATE TABLE waiting (path TEXT PRIMARY KEY, size INTEGER, reason TEXT, since_ns INTEGER, scan INTEGER);
CREATE TABLE scan (id INTEGER PRIMARY KEY, begun_ns INTEGER, finished_ns INTEGER, files INTEGER);
CREATE VIEW whereabouts AS
    SELECT ltrim(directory.path || '/' || file.name, '/') AS path, file.size, disc.name AS disc, disc.state,
        ltrim(there.path || '/' || copy.name, '/') AS path_there, copy.reason,
        datetime(copy.staged_ns / 1000000000, 'unixepoch') AS staged
    FROM file JOIN directory ON directory.id = file.directory JOIN copy ON copy.sha256 = file.sha256
    JOIN directory AS there ON there.id = copy.directory JOIN disc ON disc.number = copy.disc;
"""
_DIRECTORY_ID = "SELECT id FROM directory WHERE path = CAST(? AS TEXT)"
_COPY = (
    "SELECT copy.id, copy.disc, directory.path, copy.name, copy.kind, copy.size, copy.mtime_ns, copy.mode, copy.sha256,"
    " copy.cost, copy.reason, copy.staged_ns FROM copy JOIN directory ON directory.id = copy.directory"
)
_DISC = (
    "SELECT number, disc.name, state, opened_ns, closed_ns, checked_ns, archive_id, listing, image_bytes,"
    " count(copy.id), coalesce(sum(size), 0), coalesce(sum(cost), 0)"
    " FROM disc LEFT JOIN copy ON copy.disc = disc.number"
)


class StageState:
    """The state of a stage, open. Changes are kept by `commit`; `closing` the file forgets those that were not."""

    def __init__(self, directory: bytes, connection: sqlite3.Connection) -> None:
        self.directory = directory
        self._connection = connection
        self._directories: dict[bytes, int] = {}

    def commit(self) -> None:
        """Keep what was changed."""
        self._connection.commit()
        self._directories.clear()

    # Settings.

    @property
    def settings(self) -> StageSettings:
        """How the stage works."""
        rows: dict[str, Any] = {name.decode(): value for name, value in self._all("SELECT name, value FROM setting")}
        return StageSettings(
            rows["watched"],
            rows["name"].decode(),
            rows["medium_bytes"],
            rows["capacity_bytes"],
            rows["threshold"],
            rows["settle_ns"],
            Comparison(rows["compare"].decode()),
            OnFull(rows["on_full"].decode()),
            rows["parity"].decode(),
            rows["due_ns"],
            rows["mounted"],
            tuple(filter(None, os.fsdecode(rows["exclude"]).split("\n"))),
            rows["device"],
        )

    def save(self, settings: StageSettings) -> None:
        """Write settings down."""
        values = {
            "watched": _Text(settings.watched),
            "name": settings.name,
            "medium_bytes": settings.medium_bytes,
            "capacity_bytes": settings.capacity_bytes,
            "threshold": settings.threshold,
            "settle_ns": settings.settle_ns,
            "compare": settings.compare.value,
            "on_full": settings.on_full.value,
            "parity": settings.parity,
            "due_ns": settings.due_ns,
            "mounted": _Text(settings.mounted),
            "exclude": _Text(os.fsencode("\n".join(settings.exclude))),
            "device": _Text(settings.device),
        }
        for name, value in values.items():
            where = "CAST(? AS TEXT)" if isinstance(value, _Text) else "?"
            self._do(f"INSERT OR REPLACE INTO setting VALUES (?, {where})", name, _plain(value))

    @property
    def is_clean(self) -> bool:
        """Whether the last run came to its end."""
        row = self._one("SELECT value FROM setting WHERE name = 'clean'")
        return row is None or bool(row[0])

    def mark_clean(self, *, clean: bool) -> None:
        """Write down that a run begins to change what is staged, or came to its end."""
        self._do("INSERT OR REPLACE INTO setting VALUES ('clean', ?)", int(clean))

    # Discs.

    def discs(self) -> list[StagedDisc]:
        """Return all discs by number."""
        return [_disc(row) for row in self._all(_DISC + " GROUP BY number ORDER BY number")]

    def disc(self, number: int) -> StagedDisc:
        """Return a disc."""
        return _disc(self._one(_DISC + " WHERE number = ? GROUP BY number", number))

    def open_disc(self, now_ns: int) -> StagedDisc:
        """Return the disc that takes files; it is opened where there is none."""
        row = self._one("SELECT number FROM disc WHERE state = ?", DiscState.OPEN.value)
        if row is None:
            (last,) = self._one("SELECT coalesce(max(number), 0) FROM disc") or (0,)
            number = last + 1
            name = f"{self.settings.name}-{number:04}"
            self._do(
                "INSERT INTO disc VALUES (?, ?, ?, ?, NULL, NULL, NULL, NULL, 0)",
                number, name, DiscState.OPEN.value, now_ns,
            )  # fmt: skip
            row = (number,)
        return self.disc(row[0])

    def closing_discs(self) -> list[StagedDisc]:
        """Return the discs that a run has begun to close."""
        return [disc for disc in self.discs() if disc.state is DiscState.CLOSING]

    def set_state(self, number: int, state: DiscState) -> None:
        """Write down what became of a disc."""
        self._do("UPDATE disc SET state = ? WHERE number = ?", state.value, number)

    def set_archive(self, number: int, archive_id: bytes, listing: bytes) -> None:
        """Write down which archive is on a disc."""
        self._do("UPDATE disc SET archive_id = ?, listing = ? WHERE number = ?", archive_id, listing, number)

    def set_built(self, number: int, image_bytes: int, now_ns: int) -> None:
        """Write down that a disc has its image."""
        self._do(
            "UPDATE disc SET state = ?, image_bytes = ?, closed_ns = ? WHERE number = ?",
            DiscState.BUILT.value, image_bytes, now_ns, number,
        )  # fmt: skip

    def set_checked(self, number: int, now_ns: int, *, is_medium: bool) -> None:
        """Write down that a disc was read as a whole and is sound: as a medium, or as the image that waits."""
        self._do("UPDATE disc SET checked_ns = ? WHERE number = ?", now_ns, number)
        if is_medium:
            self.set_state(number, DiscState.BURNT)

    def take_disc(self, disc: StagedDisc) -> None:
        """Write down a disc that another one tells of."""
        self._do(
            "INSERT INTO disc VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            disc.number, disc.name, disc.state.value, disc.opened_ns, disc.closed_ns, disc.checked_ns,
            disc.archive_id, disc.listing, disc.image_bytes,
        )  # fmt: skip

    # What lies on discs.

    def copies(self, disc: int) -> Iterator[StagedCopy]:
        """Yield what lies on a disc, in the order of the paths."""
        for row in self._all(_COPY + " WHERE copy.disc = ? ORDER BY directory.path, copy.name", disc):
            yield _copy(row)

    def copy_at(self, disc: int, path: bytes) -> StagedCopy | None:
        """Return what lies on a disc under a path."""
        above, name = _split(path)
        row = self._one(
            f"{_COPY} WHERE copy.disc = ? AND copy.directory = ({_DIRECTORY_ID}) AND copy.name = CAST(? AS TEXT)",
            disc,
            above,
            name,
        )
        return _copy(row) if row else None

    def copies_below(self, disc: int, path: bytes) -> list[StagedCopy]:
        """Return what lies on a disc in the directory of this path."""
        # By directories, as each is looked up: one query for both would go through all that is on the disc.
        low, high = path + b"/", path + b"0"  # "0" comes behind the slash
        below = "SELECT id FROM directory WHERE path >= CAST(? AS TEXT) AND path < CAST(? AS TEXT)"
        rows = self._all(
            f"{_COPY} WHERE copy.disc = ? AND copy.directory IN ({_DIRECTORY_ID} UNION ALL {below})",
            disc,
            path,
            low,
            high,
        )
        return [_copy(row) for row in rows]

    def sound_copy(self, sha256: bytes) -> StagedCopy | None:
        """Return a file of this content on a disc that is not lost, the newest; None where there is none."""
        row = self._one(
            _COPY + " JOIN disc ON disc.number = copy.disc WHERE copy.sha256 = ? AND copy.kind = ?"
            " AND disc.state != ? ORDER BY copy.disc DESC LIMIT 1",
            sha256, int(Kind.FILE), DiscState.LOST.value,
        )  # fmt: skip
        return _copy(row) if row else None

    def has_size(self, size: int) -> bool:
        """Return whether any file of this size lies on a disc."""
        return self._one("SELECT 1 FROM copy WHERE size = ? LIMIT 1", size) is not None

    def directories_on(self, disc: int) -> set[bytes]:
        """Return the directories in which something lies on a disc, and those around them."""
        rows = self._all(
            "SELECT DISTINCT directory.path FROM copy JOIN directory ON directory.id = copy.directory WHERE disc = ?",
            disc,
        )
        found: set[bytes] = set()
        for (path,) in rows:
            while path and path not in found:
                found.add(path)
                path = path.rpartition(b"/")[0]
        return found

    def add_copy(self, copy: StagedCopy) -> None:
        """Write down what lies on a disc, in place of what lay there under its path; its id does not count."""
        above, name = _split(copy.path)
        self._do(
            "INSERT OR REPLACE INTO copy (disc, directory, name, kind, size, mtime_ns, mode, sha256, cost, reason,"
            " staged_ns) VALUES (?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?)",
            copy.disc, self._directory(above), name, *copy[3:],
        )  # fmt: skip

    def move_copy(self, copy: StagedCopy, path: bytes) -> None:
        """Write down that a file on the open disc has another path."""
        above, name = _split(path)
        self._do(
            "UPDATE copy SET directory = ?, name = CAST(? AS TEXT) WHERE id = ?", self._directory(above), name, copy.id
        )

    def remove_copy(self, copy: StagedCopy) -> None:
        """Write down that a file is not on the open disc any more."""
        self._do("DELETE FROM copy WHERE id = ?", copy.id)

    # What is watched.

    def files_in(self, directory: bytes) -> dict[bytes, KnownFile]:
        """Return what the last scan found in a directory, by name."""
        rows = self._all(
            "SELECT name, size, mtime_ns, ctime_ns, disc, sha256 FROM file WHERE directory ="
            " (SELECT id FROM directory WHERE path = CAST(? AS TEXT))",
            directory,
        )
        return {name: KnownFile(*rest) for name, *rest in rows}

    def count_files(self) -> tuple[int, int]:
        """Return how many files the last scan knew, and of how many bytes."""
        files, n_bytes = self._one("SELECT count(*), coalesce(sum(size), 0) FROM file") or (0, 0)
        return files, n_bytes

    def watched_directories(self) -> Iterator[bytes]:
        """Yield the directories in which files are known."""
        rows = self._all(
            "SELECT path FROM directory WHERE EXISTS (SELECT 1 FROM file WHERE file.directory = directory.id)"
        )
        return (path for (path,) in rows)

    def watched_files(self) -> Iterator[tuple[bytes, KnownFile]]:
        """Yield all that the last scan knew, in the order of the paths."""
        rows = self._all(
            "SELECT directory.path, name, size, mtime_ns, ctime_ns, disc, sha256 FROM file"
            " JOIN directory ON directory.id = file.directory ORDER BY directory.path, name"
        )
        return map(_watched, rows)

    def with_hash(self, sha256: bytes, most: int) -> list[tuple[bytes, KnownFile]]:
        """Return the watched files of a content, at most so many."""
        rows = self._all(
            "SELECT directory.path, name, size, mtime_ns, ctime_ns, disc, sha256 FROM file"
            " JOIN directory ON directory.id = file.directory WHERE sha256 = ? LIMIT ?",
            sha256,
            most,
        )
        return [_watched(row) for row in rows]

    def count_unsafe(self) -> int:
        """Return how many watched files are on no disc but lost ones."""
        (count,) = self._one(
            "SELECT count(*) FROM file JOIN disc ON disc.number = file.disc WHERE disc.state = ? AND NOT EXISTS ("
            "SELECT 1 FROM copy JOIN disc AS sound ON sound.number = copy.disc"
            " WHERE copy.sha256 = file.sha256 AND sound.state != ?)",
            DiscState.LOST.value,
            DiscState.LOST.value,
        ) or (0,)
        return int(count)

    def set_file(self, path: bytes, known: KnownFile) -> None:
        """Write down a file of the watched directory."""
        above, name = _split(path)
        self._do(
            "INSERT OR REPLACE INTO file VALUES (?, CAST(? AS TEXT), ?, ?, ?, ?, ?)",
            self._directory(above), name, *known,
        )  # fmt: skip

    def forget_file(self, path: bytes) -> None:
        """Write down that a file is not in the watched directory, or that it has to be staged again."""
        above, name = _split(path)
        self._do("DELETE FROM file WHERE directory = ? AND name = CAST(? AS TEXT)", self._directory(above), name)

    def forget_content(self, sha256: bytes) -> None:
        """Have all files of a content looked at as new ones."""
        self._do("DELETE FROM file WHERE sha256 = ?", sha256)

    def tell(self, now_ns: int, path: bytes, what: str, other: bytes, sha256: bytes) -> None:
        """Write down what became of a file: renamed, deleted."""
        self._do(
            "INSERT INTO event VALUES (?, CAST(? AS TEXT), ?, CAST(? AS TEXT), ?)", now_ns, path, what, other, sha256
        )

    # What waits, and scans.

    def begin_scan(self, now_ns: int) -> int:
        """Write down that a scan begins, and return its number."""
        return int(
            self._connection.execute(
                "INSERT INTO scan (begun_ns, files) VALUES (?, 0)", (now_ns,)
            ).lastrowid or 0
        )  # fmt: skip

    def end_scan(self, scan: int, now_ns: int, files: int) -> None:
        """Write down that a scan came to its end; what waited before and does not any more is forgotten."""
        self._do("UPDATE scan SET finished_ns = ?, files = ? WHERE id = ?", now_ns, files, scan)
        self._do("DELETE FROM waiting WHERE scan != ?", scan)

    def last_scan_ns(self) -> int | None:
        """Return when the last scan that came to its end did so."""
        row = self._one("SELECT max(finished_ns) FROM scan")
        return row[0] if row else None

    def wait(self, scan: int, path: bytes, size: int, reason: WaitReason, now_ns: int) -> None:
        """Write down that a file is on no disc yet; since when, the first scan that found it so says."""
        self._do(
            "INSERT INTO waiting VALUES (CAST(? AS TEXT), ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET"
            " size = excluded.size, reason = excluded.reason, scan = excluded.scan",
            path, size, reason.value, now_ns, scan,
        )  # fmt: skip

    def wait_no_more(self, path: bytes) -> None:
        """Write down that a file does not wait any more."""
        self._do("DELETE FROM waiting WHERE path = CAST(? AS TEXT)", path)

    def waiting(self, scan: int | None = None) -> list[tuple[bytes, int, WaitReason, int]]:
        """Return what waits: path, size, why, and since when; of one scan only, or all."""
        rows = self._all("SELECT path, size, reason, since_ns FROM waiting WHERE scan = ? OR ? ORDER BY path", scan,
                         int(scan is None))  # fmt: skip
        return [(path, size, WaitReason(reason.decode()), since) for path, size, reason, since in rows]

    def state_bytes(self) -> int:
        """Return how long this file is."""
        return os.stat(os.path.join(self.directory, STATE)).st_size

    def _directory(self, path: bytes) -> int:
        known = self._directories.get(path)
        if known is None:
            self._do("INSERT OR IGNORE INTO directory (path) VALUES (CAST(? AS TEXT))", path)
            row = self._one("SELECT id FROM directory WHERE path = CAST(? AS TEXT)", path)
            known = self._directories[path] = row[0]  # type: ignore[index]
        return known

    def _all(self, query: str, *values: object) -> Iterable[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall() if values else self._connection.execute(query)

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        return row

    def _do(self, statement: str, *values: object) -> None:
        self._connection.execute(statement, values)


class _Text(bytes):
    """Bytes that are kept as text."""


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, _Text) else value


def _split(path: bytes) -> tuple[bytes, bytes]:
    above, _, name = path.rpartition(b"/")
    return above, name


def _disc(row: tuple[Any, ...] | None) -> StagedDisc:
    assert row is not None  # numbers come from this table
    number, name, state, opened, closed, checked, archive_id, listing, *sizes = row
    return StagedDisc(
        number, name.decode(), DiscState(state.decode()), opened, closed, checked, archive_id or b"", listing or b"",
        *sizes,
    )  # fmt: skip


def _watched(row: tuple[Any, ...]) -> tuple[bytes, KnownFile]:
    above, name, *rest = row
    return above + b"/" + name if above else name, KnownFile(*rest)


def _copy(row: tuple[Any, ...]) -> StagedCopy:
    number, disc, above, name, *rest, reason, staged = row
    path = above + b"/" + name if above else name
    return StagedCopy._make((number, disc, path, *rest, reason.decode(), staged))


@contextlib.contextmanager
def stage_lock(directory: bytes) -> Iterator[None]:
    """Hold a staging directory for a run that changes it.

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
    """Make the state of a new stage, which is there when the block ends; the caller holds the lock.

    Raises
    ------
    Exists
        There is one.
    EnvironmentFailed
        It cannot be written.
    """
    path = os.path.join(directory, STATE)
    if os.path.lexists(path):
        raise Exists(f"{os.fsdecode(path)}: exists; a directory is for one stage")
    new = path + b".new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    with _connected(new, "rwc") as connection:
        connection.executescript(_SCHEMA)
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
        There is none.
    EnvironmentFailed
        It cannot be read, or is damaged.
    """
    path = os.path.join(directory, STATE)
    name = os.fsdecode(directory)
    if not os.path.isfile(path):
        raise UsageError(f"{name}: no staging directory; 'pybackup stage init' makes one")
    with _connected(path, "rw") as connection:
        if connection.execute("PRAGMA user_version").fetchone() != (_VERSION,):
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
            f"{name}: {error}; if it is damaged, move it away: 'pybackup stage init' makes it anew of what a disc tells"
        ) from error
    finally:
        connection.close()


def _quoted(path: bytes) -> str:
    from urllib.parse import quote

    return quote(os.path.abspath(path))
