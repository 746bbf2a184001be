"""Reading a portable catalogue, such as CATALOGUE.SQLITE of a disc. The file is not trusted.

A file whose schema is not that of `portable_form`, word for word, is refused, so that no view, trigger or generated
column of it is ever run.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pybackup.errors import Damaged, EnvironmentFailed, UsageError
from pybackup.model.carried import Carried, CarriedCatalogue, CarriedJobRun, CarriedMedium, CarriedRun, CarriedVolume
from pybackup.model.catalogued import MediumCheck, MediumState, MediumType, Needed, NewVolume, VolumeSort
from pybackup.model.filed import Filed
from pybackup.model.job_run import check_job_run
from pybackup.model.run import RunLevel, RunMark, check_chain
from pybackup.model.volume import VolumeInfo, VolumeKind

from .portable_form import PAGE_BYTES, STATEMENTS, STATEMENTS_BY_VERSION, VERSION, opened

SQLITE_MAGIC = b"SQLite format 3\0"
# A larger file is refused: SQLite's check of it takes one bit of memory for each page.
_MOST_BYTES = 64 << 30
_MOST_FIELD_BYTES = 1 << 20
_ROW_BYTES = 256
_MOST_KEPT_BYTES = 128 << 20  # of volumes, media and checks
_DIGEST_BYTES, _MOST_IDENTITY_BYTES = 32, 64
_MOST_REASON = 1000


@contextmanager
def reading_portable(path: bytes) -> Iterator[CarriedCatalogue]:
    """Give the volumes and the runs of a file. The entries of volumes can be read until the end of the ``with``.

    Raises
    ------
    Damaged
        The file is damaged, too large, or not of this form, which is found before anything is read from it; or a row
        has an impossible value, which is found when it is read.
    EnvironmentFailed
        It cannot be read.
    """
    name = os.fsdecode(path)
    _check_head(path)
    with opened(path, "ro&immutable=1") as connection:
        try:
            version = _check(connection, name)
            runs = _runs(connection, name) if version > 1 else ()
            job_runs = _job_runs(connection, name) if version > 2 else ()
            yield CarriedCatalogue(_volumes(connection, name, version), runs, job_runs)
        except sqlite3.Error as error:
            raise Damaged(f"{name}: damaged: {error}") from error


def _check_head(path: bytes) -> None:
    name = os.fsdecode(path)
    try:
        with open(path, "rb") as file:
            head, size = file.read(100), os.fstat(file.fileno()).st_size
    except OSError as error:
        raise EnvironmentFailed(f"{name}: {error.strerror}") from error
    if not head.startswith(SQLITE_MAGIC):
        raise Damaged(f"{name}: no catalogue: not a file of SQLite")
    if size > _MOST_BYTES or int.from_bytes(head[16:18], "big") != PAGE_BYTES:
        raise Damaged(f"{name}: no catalogue as this program writes them")


def _check(connection: sqlite3.Connection, name: str) -> int:
    """Return the version of its form."""
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_FIELD_BYTES)
    connection.text_factory = bytes
    there = connection.execute("SELECT type, name, sql FROM sqlite_schema LIMIT ?", (len(STATEMENTS) + 1,)).fetchall()
    looks = {
        version: {(b"table", table.encode(), sql.encode()) for table, sql in statements.items()}
        for version, statements in STATEMENTS_BY_VERSION.items()
    }
    found_version = next((v for v, wanted in looks.items() if len(there) == len(wanted) and set(there) == wanted), None)
    if found_version is None:
        raise Damaged(f"{name}: no catalogue of this form: its tables, views or triggers are others")
    # This check visits each page once, while a query would never end if pages referred to each other in a circle.
    found = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != (b"ok",):
        raise Damaged(f"{name}: damaged: {found[0].decode(errors='replace')}")
    versions = connection.execute("SELECT version FROM about LIMIT 2").fetchall()
    if versions != [(found_version,)]:
        raise Damaged(f"{name}: a catalogue of another version than 1 to {VERSION}")
    return found_version


def _volumes(connection: sqlite3.Connection, name: str, version: int) -> list[Carried]:
    with _trusting_nothing(name):
        media, has_bases = _media(connection), version > 3
        covers = _covers(connection) if version > 4 else {}
        found: list[Carried] = []
        behind = 1
        for number, row in _few(connection, "SELECT * FROM volume ORDER BY id"):
            held = _carried(row, tuple(media.get(number, ())), tuple(covers.get(number, ())))
            if row[11] != behind:
                raise ValueError  # else each volume could have all entries of the others
            found.append(Carried(held, _Rows(connection, name, number, behind, held.new.entries, has_bases=has_bases)))
            behind += held.new.entries
    return found


def _runs(connection: sqlite3.Connection, name: str) -> list[CarriedRun]:
    with _trusting_nothing(name):
        needs: dict[int, list[Needed]] = {}
        for number, need in _few(connection, "SELECT * FROM need ORDER BY rowid"):
            identity, label, files, n_bytes = need
            needed = Needed(_short(identity, _MOST_IDENTITY_BYTES), label.decode(), _count(files), _count(n_bytes))
            needs.setdefault(number, []).append(needed)
        return [
            _run(row, tuple(needs.get(number, ()))) for number, row in _few(connection, "SELECT * FROM run ORDER BY id")
        ]


def _job_runs(connection: sqlite3.Connection, name: str) -> list[CarriedJobRun]:
    with _trusting_nothing(name):
        found = []
        for _, (host, report) in _few(connection, "SELECT rowid, host, report FROM job_run ORDER BY rowid"):
            check_job_run(json.loads(report))
            found.append(CarriedJobRun(host.decode(), report.decode()))
        return found


def _run(row: tuple[Any, ...], needs: tuple[Needed, ...]) -> CarriedRun:
    chain, archive, at_ns, level, reason, location = row
    mark = RunMark(check_chain(chain.decode()), _whole(at_ns), RunLevel(level.decode()), reason.decode()[:_MOST_REASON])
    return CarriedRun(mark, _sized(archive, 8), bytes(location or b""), needs)


def _covers(connection: sqlite3.Connection) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for number, (identity,) in _few(connection, "SELECT * FROM cover ORDER BY rowid"):
        found.setdefault(number, []).append(_short(identity, _MOST_IDENTITY_BYTES))
    return found


def _carried(row: tuple[Any, ...], media: tuple[CarriedMedium, ...], covers: tuple[bytes, ...]) -> CarriedVolume:
    identity, listing, kind, name, set_id, set_name, number, last, title, description, n_bytes, _, count, added = row
    sort = VolumeSort(kind.decode())
    info = None
    if set_id is not None:
        of = VolumeKind.RECOVERY if sort is VolumeSort.RECOVERY else VolumeKind.DATA
        info = VolumeInfo(_sized(set_id, 8), set_name.decode(), _count(number), of, bool(last))
    new = NewVolume(
        _short(identity, _MOST_IDENTITY_BYTES),
        sort,
        name.decode(),
        b"" if listing is None else _short(listing, _DIGEST_BYTES),
        info,
        _count(n_bytes),
        _count(count),
        title.decode(),
        description.decode(),
        covers,
    )
    return CarriedVolume(new, _whole(added), media)


def _media(connection: sqlite3.Connection) -> dict[int, list[CarriedMedium]]:
    """Return the media of each volume."""
    checks: dict[int, list[MediumCheck]] = {}
    for number, check in _few(connection, "SELECT * FROM health ORDER BY rowid"):
        checks.setdefault(number, []).append(_health(check))
    found: dict[int, list[CarriedMedium]] = {}
    for number, row in _few(connection, "SELECT * FROM medium ORDER BY id"):
        volume, label, kind, state, place, location, capacity, *times = row
        added, *later = times
        seen, checked, changed = (None if at is None else _whole(at) for at in later)
        medium = CarriedMedium(
            label.decode(),
            MediumType(kind.decode()),
            MediumState(state.decode()),
            place.decode(),
            bytes(location or b""),
            None if capacity is None else _count(capacity),
            _whole(added),
            seen,
            checked,
            changed,
            tuple(checks.get(number, ())),
        )
        found.setdefault(volume, []).append(medium)
    return found


def _few(connection: sqlite3.Connection, query: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield rows as the first column and the others, up to a limit.

    Volumes, media and checks are all kept in memory, and a hostile file may have any number of them.
    """
    size = 0
    for number, *row in connection.execute(query):
        size += _ROW_BYTES + sum(len(value) for value in row if isinstance(value, bytes))
        if size > _MOST_KEPT_BYTES:
            raise ValueError
        yield _whole(number), tuple(row)


def _health(row: tuple[Any, ...]) -> MediumCheck:
    at_ns, verdict, bad, sectors, margin, means = row
    known = None if margin is None else float(margin)
    return MediumCheck(_whole(at_ns), verdict.decode()[:16], _count(bad), _count(sectors), known, means.decode())


class _Rows:
    """The entries of one volume."""

    def __init__(
        self, connection: sqlite3.Connection, name: str, volume: int, first: int, count: int, *, has_bases: bool
    ) -> None:
        self._connection = connection
        self._name = name
        self._at = volume, first, first + count
        with_base = "SELECT entry.*, base.sha256 FROM entry LEFT JOIN base ON base.entry_id = entry.id"
        self._query = with_base if has_bases else "SELECT entry.*, NULL FROM entry"

    def __iter__(self) -> Iterator[Filed]:
        query = f"{self._query} WHERE volume_id = ? AND id >= ? AND id < ? ORDER BY id"
        where, above = None, b""
        for row in self._connection.execute(query, self._at):
            with _trusting_nothing(self._name):
                if row[2] != where:
                    where, above = row[2], self._directory(row[2])
                filed = _filed(row, above)
            yield filed

    def _directory(self, number: int) -> bytes:
        (path,) = self._connection.execute("SELECT path FROM directory WHERE id = ?", (number,)).fetchone()
        if path and not all(map(_is_name, path.split(b"/"))):
            raise ValueError
        return bytes(path)


def _filed(row: tuple[Any, ...], above: bytes) -> Filed:
    _, _, _, name, kind, size, mtime_ns, mode, sha256, sparse, first, here, parts, nested, base = row
    if not _is_name(name):
        raise ValueError
    return Filed(
        above + b"/" + name if above else name,
        _count(kind),
        _count(size),
        _whole(mtime_ns),
        _count(mode),
        None if sha256 is None else _sized(sha256, _DIGEST_BYTES),
        bool(sparse),
        _count(first),
        _count(here),
        _count(parts),
        _count(nested),
        b"" if base is None else _sized(base, _DIGEST_BYTES),
    )


def _is_name(name: object) -> bool:
    """Return whether a name is a single component of a path, and not ``..``."""
    return isinstance(name, bytes) and name not in (b"", b".", b"..") and b"/" not in name and b"\0" not in name


def _sized(value: object, size: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != size:
        raise ValueError
    return value


def _short(value: object, most: int) -> bytes:
    if not isinstance(value, bytes) or not 0 < len(value) <= most:
        raise ValueError
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError
    return value


@contextmanager
def _trusting_nothing(name: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError, UsageError) as error:
        raise Damaged(f"{name}: no catalogue as this program writes them: a row says what cannot be") from error
