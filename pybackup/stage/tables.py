"""What all tables of a stage's state share: statements, transactions, and the ids of directories."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

DIRECTORY_ID = "SELECT id FROM directory WHERE path = CAST(? AS TEXT)"


class Tables:
    """A connection to the state of a stage. Only `commit` keeps changes; what was not committed is lost on closing.

    Parameters
    ----------
    directory
        The staging directory.
    """

    def __init__(self, directory: bytes, connection: sqlite3.Connection) -> None:
        self.directory = directory
        self._connection = connection
        self._directories: dict[bytes, int] = {}

    def commit(self) -> None:
        """Keep what was changed."""
        self._connection.commit()
        self._directories.clear()

    def _directory(self, path: bytes) -> int:
        known = self._directories.get(path)
        if known is None:
            self._do("INSERT OR IGNORE INTO directory (path) VALUES (CAST(? AS TEXT))", path)
            row = self._one(DIRECTORY_ID, path)
            known = self._directories[path] = row[0]  # type: ignore[index]
        return known

    def _all(self, query: str, *values: object) -> Iterable[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall() if values else self._connection.execute(query)

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        return row

    def _do(self, statement: str, *values: object) -> None:
        self._connection.execute(statement, values)


def split_path(path: bytes) -> tuple[bytes, bytes]:
    """Return the directory of a path, and the name in it."""
    above, _, name = path.rpartition(b"/")
    return above, name


def join_path(directory: bytes, name: bytes) -> bytes:
    """Return the path of a name in a directory; the watched directory itself is the empty path."""
    return directory + b"/" + name if directory else name
