"""The table of the files that lie on the discs of a stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pybackup.model.entry import Kind

from .tables import DIRECTORY_ID, Tables, join_path, split_path
from .values import DiscState, StagedCopy

_FIELDS = (
    "directory.path, copy.name, copy.kind, copy.size, copy.mtime_ns, copy.mode, copy.sha256, copy.cost, copy.reason,"
    " copy.staged_ns"
)
_COPY = f"SELECT copy.id, copy.disc, {_FIELDS} FROM copy JOIN directory ON directory.id = copy.directory"
# Of a file that is divided over discs, all parts are on discs that are known and not lost.
ALL_PARTS = (
    "coalesce((SELECT sum(part.here * (its.state != 'lost')) >= max(part.parts) FROM part"
    " JOIN disc AS its ON its.number = part.disc WHERE part.copy = copy.id), 1)"
)


class CopyTable(Tables):
    """The files on the discs of a stage; those of the open disc lie in its directory."""

    def copies(self, disc: int) -> Iterator[StagedCopy]:
        """Yield the files on a disc, also those of which it has a part, ordered by path."""
        for *row, first, here, parts in self._all(
            f"SELECT copy.id, held.disc, {_FIELDS}, held.first, held.here, held.parts FROM held"
            " JOIN copy ON copy.id = held.copy JOIN directory ON directory.id = copy.directory WHERE held.disc = ?"
            " ORDER BY directory.path, copy.name",
            disc,
        ):
            yield _copy(row)._replace(first_part=first, parts_here=here, parts=parts)

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
            f" AND disc.state != ? AND {ALL_PARTS} ORDER BY copy.disc DESC LIMIT 1",
            sha256, int(Kind.FILE), DiscState.LOST.value,
        )  # fmt: skip
        return _copy(row) if row else None

    def has_size(self, size: int) -> bool:
        """Return whether any file of this size is on any disc."""
        return self._one("SELECT 1 FROM copy WHERE size = ? LIMIT 1", size) is not None

    def directories_on(self, disc: int) -> set[bytes]:
        """Return the directories that have files on a disc, and all directories around them."""
        rows = self._all(
            "SELECT path FROM directory WHERE id IN (SELECT DISTINCT directory FROM copy WHERE disc = ?)",
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
            copy.disc, self._directory(above), name, *copy[3:11],
        )  # fmt: skip

    def move_to_disc(self, copy: StagedCopy, disc: int) -> None:
        """Enter that a file, and each watched file with its content, is on another disc of the set that was made."""
        self._do("UPDATE copy SET disc = ? WHERE id = ?", disc, copy.id)
        self._do("UPDATE file SET disc = ? WHERE disc = ? AND sha256 = ?", disc, copy.disc, copy.sha256)

    def add_part(self, copy: int, disc: int, first: int, here: int, parts: int) -> None:
        """Enter that a disc has ``here`` of the ``parts`` of a file, given by its id, from the part ``first`` on."""
        self._do("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?)", copy, disc, first, here, parts)

    def divided(self, path: bytes, sha256: bytes) -> StagedCopy | None:
        """Return the file of this path and SHA-256 that is divided over discs; None if there is none."""
        above, name = split_path(path)
        row = self._one(
            f"{_COPY} WHERE copy.sha256 = ? AND copy.directory = ({DIRECTORY_ID}) AND copy.name = CAST(? AS TEXT)"
            " AND EXISTS (SELECT 1 FROM part WHERE part.copy = copy.id)",
            sha256,
            above,
            name,
        )
        return _copy(row) if row else None

    def follow_lost_parts(self) -> None:
        """Enter each watched file that is divided over discs as one of a lost disc, if any of its discs is lost."""
        lost = (
            " FROM part JOIN copy ON copy.id = part.copy JOIN disc ON disc.number = part.disc"
            f" WHERE disc.state = '{DiscState.LOST.value}'"
        )
        self._do(
            f"UPDATE file SET disc = (SELECT part.disc{lost} AND copy.sha256 = file.sha256 LIMIT 1)"
            f" WHERE sha256 IN (SELECT copy.sha256{lost})"
        )

    def move_copy(self, copy: StagedCopy, path: bytes) -> None:
        """Change the path of a file on the open disc."""
        above, name = split_path(path)
        self._do(
            "UPDATE copy SET directory = ?, name = CAST(? AS TEXT) WHERE id = ?", self._directory(above), name, copy.id
        )

    def remove_copy(self, copy: StagedCopy) -> None:
        """Delete a file of the open disc."""
        self._do("DELETE FROM copy WHERE id = ?", copy.id)


def _copy(row: Sequence[Any]) -> StagedCopy:
    number, disc, above, name, *rest, reason, staged = row
    return StagedCopy._make((number, disc, join_path(above, name), *rest, reason.decode(), staged, 0, 0, 0))
