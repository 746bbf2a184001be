"""The tables of the watched files, as the last scan left each, and of events: files renamed and deleted."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from .copy_table import ALL_PARTS
from .tables import DIRECTORY_ID, Tables, join_path, split_path
from .values import DiscState, KnownFile


class FileTable(Tables):
    """The watched files, by path below the watched directory."""

    def files_in(self, directory: bytes) -> dict[bytes, KnownFile]:
        """Return the files of a directory, without those further below, by name."""
        rows = self._all(
            f"SELECT name, size, mtime_ns, ctime_ns, disc, sha256 FROM file WHERE directory = ({DIRECTORY_ID})",
            directory,
        )
        return {name: KnownFile(*rest) for name, *rest in rows}

    def marks(self) -> dict[bytes, bytes]:
        """Return the marks of the directories of which no file had changed at the last scan, by path."""
        return dict(self._connection.execute("SELECT path, mark FROM directory WHERE mark IS NOT NULL"))

    def set_mark(self, directory: bytes, mark: bytes) -> None:
        """Enter the mark of a directory of which no file has changed. Any change of its files removes it."""
        self._do("UPDATE directory SET mark = ? WHERE path = CAST(? AS TEXT)", mark, directory)

    def has_files(self) -> bool:
        """Return whether there is any watched file."""
        return self._one("SELECT 1 FROM file LIMIT 1") is not None

    def count_files(self) -> tuple[int, int]:
        """Return the number of watched files, and their bytes."""
        files, n_bytes = self._one("SELECT count(*), coalesce(sum(size), 0) FROM file") or (0, 0)
        return files, n_bytes

    def watched_directories(self, but: Container[bytes] = ()) -> Iterator[bytes]:
        """Yield the directories that have files, without those in ``but``."""
        for number, path in self._all("SELECT id, path FROM directory"):
            if path not in but and self._one("SELECT 1 FROM file WHERE directory = ? LIMIT 1", number):
                yield path

    def watched_files(self) -> Iterator[tuple[bytes, KnownFile]]:
        """Yield all watched files, ordered by path."""
        rows = self._all(
            "SELECT directory.path, name, size, mtime_ns, ctime_ns, disc, sha256 FROM file"
            " JOIN directory ON directory.id = file.directory ORDER BY directory.path, name"
        )
        return map(_watched, rows)

    def with_hash(self, sha256: bytes, most: int) -> list[tuple[bytes, KnownFile]]:
        """Return the watched files with this SHA-256, at most ``most``."""
        rows = self._all(
            "SELECT directory.path, name, size, mtime_ns, ctime_ns, disc, sha256 FROM file"
            " JOIN directory ON directory.id = file.directory WHERE sha256 = ? LIMIT ?",
            sha256,
            most,
        )
        return [_watched(row) for row in rows]

    def count_unsafe(self) -> int:
        """Return how many watched files are only on lost discs."""
        (count,) = self._one(
            "SELECT count(*) FROM file JOIN disc ON disc.number = file.disc WHERE disc.state = ? AND NOT EXISTS ("
            "SELECT 1 FROM copy JOIN disc AS sound ON sound.number = copy.disc"
            f" WHERE copy.sha256 = file.sha256 AND sound.state != ? AND {ALL_PARTS})",
            DiscState.LOST.value,
            DiscState.LOST.value,
        ) or (0,)
        return int(count)

    def set_file(self, path: bytes, known: KnownFile) -> None:
        """Enter a watched file as it is now."""
        above, name = split_path(path)
        self._do(
            "INSERT OR REPLACE INTO file VALUES (?, CAST(? AS TEXT), ?, ?, ?, ?, ?)",
            self._directory(above), name, *known,
        )  # fmt: skip

    def forget_file(self, path: bytes) -> None:
        """Forget a file, because it is deleted or has to be staged again."""
        above, name = split_path(path)
        self._do("DELETE FROM file WHERE directory = ? AND name = CAST(? AS TEXT)", self._directory(above), name)

    def forget_content(self, sha256: bytes) -> None:
        """Forget all files with this SHA-256, so that the next scan takes them for new ones."""
        self._do("DELETE FROM file WHERE sha256 = ?", sha256)

    def tell(self, now_ns: int, path: bytes, what: str, other: bytes, sha256: bytes) -> None:
        """Enter an event: that a file was renamed, copied or deleted."""
        self._do(
            "INSERT INTO event VALUES (?, CAST(? AS TEXT), ?, CAST(? AS TEXT), ?)", now_ns, path, what, other, sha256
        )


def _watched(row: tuple[Any, ...]) -> tuple[bytes, KnownFile]:
    above, name, *rest = row
    return join_path(above, name), KnownFile(*rest)
