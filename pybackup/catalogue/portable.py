"""Writing a catalogue as one portable file: CATALOGUE.SQLITE of discs, and the output of ``catalogue export``.

It is plain SQLite that can be read with ``sqlite3`` alone, and is written without SQLAlchemy. The same volumes give the
same bytes. FORMAT.md, "CATALOGUE.SQLITE", has its tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from pybackup.model.carried import Carried, CarriedJobRun, CarriedMedium, CarriedRun, CarriedVolume
from pybackup.model.filed import Filed

from .portable_form import PAGE_BYTES, STATEMENTS, VERSION, opened

# Names are bytes; as TEXT they compare, match and print in sqlite3 as people expect.
_ENTRY = "INSERT INTO entry VALUES (?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
# Where SQLite notes its own version, which is overwritten by a fixed one: the same content gives the same bytes.
_WRITER_AT, _WRITER = 96, (3_040_000).to_bytes(4, "big")


def write_portable(
    path: bytes, volumes: Iterable[Carried], runs: Iterable[CarriedRun], job_runs: Iterable[CarriedJobRun] = ()
) -> None:
    """Write volumes and runs into a file that exists and is empty, in their order.

    Raises
    ------
    EnvironmentFailed
        It cannot be written.
    """
    with opened(path, "rwc") as connection:
        for pragma in (f"page_size={PAGE_BYTES}", "journal_mode=OFF", "synchronous=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for statement in STATEMENTS.values():
            connection.execute(statement)
        connection.execute("INSERT INTO about VALUES (?)", (VERSION,))
        writing = _Writing(connection)
        writing.write(volumes)
        for number, run in enumerate(runs, 1):
            writing.run(number, run)
        writing.job_runs(job_runs)
        connection.execute("COMMIT")
    with open(path, "r+b") as file:
        file.seek(_WRITER_AT)
        file.write(_WRITER)


class _Writing:
    """Writes the rows of one file; ids are counted from 1."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._directories: dict[bytes, int] = {}
        self._new: list[tuple[int, bytes]] = []
        self._bases: list[tuple[int, bytes]] = []
        self._entries = self._media = 0

    def write(self, volumes: Iterable[Carried]) -> None:
        """Write all volumes, their entries, their media, and the directories."""
        for number, (held, rows) in enumerate(volumes, 1):
            first = self._entries + 1
            self._connection.executemany(_ENTRY, self._tuples(number, rows))
            self._save_directories()
            self._connection.executemany("INSERT INTO base VALUES (?, ?)", self._bases)
            self._bases = []
            self._volume(number, held, first)
            for medium in held.media:
                self._medium(number, medium)

    def _tuples(self, number: int, rows: Iterable[Filed]) -> Iterator[tuple[Any, ...]]:
        for filed in rows:
            self._entries += 1
            above, _, name = filed.path.rpartition(b"/")
            _, kind, size, mtime_ns, mode, sha256, sparse, first, here, parts, nested, base, _ = filed
            if base:
                self._bases.append((self._entries, base))
            where = self._directory(above)
            yield (
                self._entries, number, where, name, int(kind), size, mtime_ns, mode, sha256, int(sparse), first, here,
                parts, nested,
            )  # fmt: skip

    def _directory(self, path: bytes) -> int:
        number = self._directories.get(path)
        if number is None:
            number = self._directories[path] = len(self._directories) + 1
            self._new.append((number, path))
        return number

    def _save_directories(self) -> None:
        self._connection.executemany("INSERT INTO directory VALUES (?, CAST(? AS TEXT))", self._new)
        self._new = []

    def _volume(self, number: int, held: CarriedVolume, first: int) -> None:
        new, info = held.new, held.new.info
        set_id, set_name = (info.set_id, info.name) if info else (None, "")
        which = (info.number, int(info.last)) if info else (None, 0)
        values = (
            number, new.identity, new.listing or None, new.sort.value, _plain(new.name), set_id, _plain(set_name),
            *which, _plain(new.title), _plain(new.description), new.n_bytes, first, self._entries + 1 - first,
            held.added_ns,
        )  # fmt: skip
        self._insert("volume", values)
        for identity in new.covers:
            self._insert("cover", (number, identity))

    def _medium(self, volume: int, medium: CarriedMedium) -> None:
        self._media += 1
        values = (
            self._media, volume, _plain(medium.label), medium.type.value, medium.state.value, _plain(medium.place),
            medium.location or None, medium.capacity_bytes, medium.added_ns, medium.seen_ns, medium.checked_ns,
            medium.changed_ns,
        )  # fmt: skip
        self._insert("medium", values)
        for found in medium.checks:
            what = found.bad_sectors, found.sectors, found.margin, _plain(found.means)
            self._insert("health", (self._media, found.at_ns, found.verdict, *what))

    def run(self, number: int, run: CarriedRun) -> None:
        """Write a run, and the archives it builds on."""
        mark = run.mark
        what = mark.at_ns, mark.level.value, _plain(mark.reason), run.location or None
        self._insert("run", (number, mark.chain, run.archive, *what))
        for need in run.needs:
            self._insert("need", (number, need.identity, _plain(need.label), need.files, need.n_bytes))

    def job_runs(self, runs: Iterable[CarriedJobRun]) -> None:
        """Write runs of jobs."""
        for run in runs:
            self._insert("job_run", (_plain(run.host), run.report))

    def _insert(self, table: str, values: tuple[Any, ...]) -> None:
        self._connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)


def _plain(text: str) -> str:
    """Return text with what is no UTF-8 escaped, as SQLite refuses it."""
    return text.encode("utf-8", "backslashreplace").decode()
