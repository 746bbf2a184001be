"""The table of the files that lie on the discs of a stage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pybackup.model.entry import Kind

from .tables import DIRECTORY_ID, Tables, join_path, split_path
from .values import DiscState, StagedCopy

_COPY = (
    "SELECT copy.id, copy.disc, directory.path, copy.name, copy.kind, copy.size, copy.mtime_ns, copy.mode, copy.sha256,"
    " copy.cost, copy.reason, copy.staged_ns FROM copy JOIN directory ON directory.id = copy.directory"
)


class CopyTable(Tables):
    """The files on the discs of a stage; those of the open disc lie in its directory."""

    def copies(self, disc: int) -> Iterator[StagedCopy]:
        """Yield the files on a disc, ordered by path."""
        for row in self._all(_COPY + " WHERE copy.disc = ? ORDER BY directory.path, copy.name", disc):
            yield _copy(row)

    def copy_at(self, disc: int, path: bytes) -> StagedCopy | None:
        """Return the file at a path on a disc; None if there is none."""
        above, name = split_path(path)
        row = self._one(
            f"{_COPY} WHERE copy.disc = ? AND copy.directory = ({DIRECTORY_ID}) AND copy.name = CAST(? AS TEXT)",
            disc,
            above,
            name,
        )
        return _copy(row) if row else None

    def copies_below(self, disc: int, path: bytes) -> list[StagedCopy]:
        """Return the files on a disc in the directory of this path, at any depth."""
        # By the ids of directories, each of which SQLite looks up; comparing paths would read all files of the disc.
        low, high = path + b"/", path + b"0"  # "0" comes behind the slash
        below = "SELECT id FROM directory WHERE path >= CAST(? AS TEXT) AND path < CAST(? AS TEXT)"
        rows = self._all(
            f"{_COPY} WHERE copy.disc = ? AND copy.directory IN ({DIRECTORY_ID} UNION ALL {below})",
            disc,
            path,
            low,
            high,
        )
        return [_copy(row) for row in rows]

    def sound_copy(self, sha256: bytes) -> StagedCopy | None:
        """Return a file with this SHA-256 on the newest disc that has one and is not lost; None if there is none."""
        row = self._one(
            _COPY + " JOIN disc ON disc.number = copy.disc WHERE copy.sha256 = ? AND copy.kind = ?"
            " AND disc.state != ? ORDER BY copy.disc DESC LIMIT 1",
            sha256, int(Kind.FILE), DiscState.LOST.value,
        )  # fmt: skip
        return _copy(row) if row else None

    def has_size(self, size: int) -> bool:
        """Return whether any file of this size is on any disc."""
        return self._one("SELECT 1 FROM copy WHERE size = ? LIMIT 1", size) is not None

    def directories_on(self, disc: int) -> set[bytes]:
        """Return the directories that have files on a disc, and all directories around them."""
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
        """Enter a file on a disc, in place of one at its path; ``copy.id`` is ignored."""
        above, name = split_path(copy.path)
        self._do(
            "INSERT OR REPLACE INTO copy (disc, directory, name, kind, size, mtime_ns, mode, sha256, cost, reason,"
            " staged_ns) VALUES (?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?)",
            copy.disc, self._directory(above), name, *copy[3:],
        )  # fmt: skip

    def move_copy(self, copy: StagedCopy, path: bytes) -> None:
        """Change the path of a file on the open disc."""
        above, name = split_path(path)
        self._do(
            "UPDATE copy SET directory = ?, name = CAST(? AS TEXT) WHERE id = ?", self._directory(above), name, copy.id
        )

    def remove_copy(self, copy: StagedCopy) -> None:
        """Delete a file of the open disc."""
        self._do("DELETE FROM copy WHERE id = ?", copy.id)


def _copy(row: tuple[Any, ...]) -> StagedCopy:
    number, disc, above, name, *rest, reason, staged = row
    return StagedCopy._make((number, disc, join_path(above, name), *rest, reason.decode(), staged))
