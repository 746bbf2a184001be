"""Finding the row of a path, and the names in a directory, in an archive's listing without building a table of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from pybackup.model.entry import tree_key
from pybackup.model.listing import Listing


class EntryNames:
    """The paths of a listing, in tree order.

    A directory whose own entry is lost exists as long as any entry in it is known.
    """

    def __init__(self, listing: Listing) -> None:
        self._paths: Sequence[bytes] = listing.paths

    def row(self, path: bytes) -> int | None:
        """Return the row of a path; None if it has no entry."""
        at = self._first_at(path)
        return at if at < len(self._paths) and self._paths[at] == path else None

    def row_below(self, path: bytes) -> int | None:
        """Return the row of the first entry below a path; None if there is none."""
        below = self._first_at(path + b"/")
        return below if below < len(self._paths) and self._paths[below].startswith(path + b"/") else None

    def names_in(self, path: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield each name in a directory and its row; the empty path stands for the top.

        A directory whose own entry is lost gets the row of the first entry in it.
        """
        prefix = path + b"/" if path else b""
        at = self._first_at(prefix)
        while at < len(self._paths) and self._paths[at].startswith(prefix):
            name = self._paths[at][len(prefix) :].partition(b"/")[0]
            yield name, at
            at = self._behind(at, prefix + name)

    def _behind(self, at: int, path: bytes) -> int:
        """Return the first row from ``at`` on whose path is neither ``path`` nor below it."""
        if at + 1 < len(self._paths) and not self._is_within(self._paths[at + 1], path):
            return at + 1
        # This key sorts after all paths below this one, and before its next sibling.
        return bisect_left(self._paths, tree_key(path) + b"\1", lo=at, key=tree_key)

    def _first_at(self, path: bytes) -> int:
        return bisect_left(self._paths, tree_key(path), key=tree_key)

    @staticmethod
    def _is_within(path: bytes, of: bytes) -> bool:
        return path == of or path.startswith(of + b"/")
