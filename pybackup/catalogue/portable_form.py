"""The form of a portable catalogue: its tables, and how a file of them is opened.

FORMAT.md, "CATALOGUE.SQLITE", describes the tables.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import quote

from pybackup.errors import EnvironmentFailed

VERSION: Final = 5
_TABLES: Final = {
    "about": "version INTEGER",
    "directory": "id INTEGER PRIMARY KEY, path TEXT",
    "entry": (
        "id INTEGER PRIMARY KEY, volume_id INTEGER, directory_id INTEGER, name TEXT, kind INTEGER, size INTEGER, "
        "mtime_ns INTEGER, mode INTEGER, sha256 BLOB, sparse INTEGER, first_part INTEGER, parts_here INTEGER, "
        "parts INTEGER, nested INTEGER"
    ),
    "health": (
        "medium_id INTEGER, at_ns INTEGER, verdict TEXT, bad_sectors INTEGER, sectors INTEGER, margin REAL, means TEXT"
    ),
    "medium": (
        "id INTEGER PRIMARY KEY, volume_id INTEGER, label TEXT, type TEXT, state TEXT, place TEXT, location BLOB, "
        "capacity_bytes INTEGER, added_ns INTEGER, seen_ns INTEGER, checked_ns INTEGER, changed_ns INTEGER"
    ),
    "volume": (
        "id INTEGER PRIMARY KEY, identity BLOB, listing BLOB, kind TEXT, name TEXT, set_id BLOB, set_name TEXT, "
        "number INTEGER, last INTEGER, title TEXT, description TEXT, bytes INTEGER, first_entry INTEGER, "
        "entries INTEGER, added_ns INTEGER"
    ),
}
# Since version 2: runs of chains, and what each builds on.
_OF_RUNS: Final = {
    "need": "run_id INTEGER, identity BLOB, label TEXT, files INTEGER, bytes INTEGER",
    "run": ("id INTEGER PRIMARY KEY, chain TEXT, archive BLOB, at_ns INTEGER, level TEXT, reason TEXT, location BLOB"),
}
# Since version 3: runs of jobs.
_OF_JOBS: Final = {"job_run": "host TEXT, report TEXT"}
# Since version 4: what deltas are based on.
_OF_DELTAS: Final = {"base": "entry_id INTEGER PRIMARY KEY, sha256 BLOB"}
# Since version 5: which archives of no set a recovery volume covers.
_OF_RECOVERY: Final = {"cover": "volume_id INTEGER, identity BLOB"}
MOST_REPORT_BYTES: Final = 1 << 19
# Small pages make small files for small discs; large files become 2 % larger by them.
PAGE_BYTES: Final = 1024
STATEMENTS_BY_VERSION: Final = {
    version: {name: f"CREATE TABLE {name} ({columns})" for name, columns in tables.items()}
    for version, tables in (
        (1, _TABLES),
        (2, _TABLES | _OF_RUNS),
        (3, _TABLES | _OF_RUNS | _OF_JOBS),
        (4, _TABLES | _OF_RUNS | _OF_JOBS | _OF_DELTAS),
        (5, _TABLES | _OF_RUNS | _OF_JOBS | _OF_DELTAS | _OF_RECOVERY),
    )
}
STATEMENTS: Final = STATEMENTS_BY_VERSION[VERSION]


@contextmanager
def opened(path: bytes, mode: str) -> Iterator[sqlite3.Connection]:
    name = os.fsdecode(path)
    try:
        connection = sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode={mode}", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise EnvironmentFailed(f"{name}: {error}") from error
    try:
        yield connection
    except sqlite3.OperationalError as error:
        raise EnvironmentFailed(f"{name}: {error}") from error
    finally:
        with suppress(sqlite3.Error):
            connection.close()
