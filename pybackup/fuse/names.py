"""Finding entries of a listing by path, and what lies in a directory, without a table of all names."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from pybackup.model.entry import tree_key
from pybackup.model.listing import Listing


class EntryNames:
    """The paths of a listing, which are in tree order.

    A directory whose own entry is lost is there as long as anything in it is.
    """

    def __init__(self, listing: Listing) -> None:
        self._paths: Sequence[bytes] = listing.paths

    def row(self, path: bytes) -> int | None:
        """Return the row of a path; None where it has no entry."""
        at = self._first_at(path)
        return at if at < len(self._paths) and self._paths[at] == path else None

    def row_below(self, path: bytes) -> int | None:
        """Return the row of the first entry that lies below a path; None where there is none."""
        below = self._first_at(path + b"/")
        return below if below < len(self._paths) and self._paths[below].startswith(path + b"/") else None

    def names_in(self, path: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield the names in a directory, each once, with the row of each; of the top for an empty path.

        The row of a directory without an entry is that of the first entry in it.
        """
        prefix = path + b"/" if path else b""
        at = self._first_at(prefix)
        while at < len(self._paths) and self._paths[at].startswith(prefix):
            name = self._paths[at][len(prefix) :].partition(b"/")[0]
            yield name, at
            at = self._behind(at, prefix + name)

    def _behind(self, at: int, path: bytes) -> int:
        """Return the first row from ``at`` on that is neither of a path nor below it."""
        if at + 1 < len(self._paths) and not self._is_within(self._paths[at + 1], path):
            return at + 1
        # No path sorts behind all below this one and before its next sibling.
        return bisect_left(self._paths, tree_key(path) + b"\1", lo=at, key=tree_key)

    def _first_at(self, path: bytes) -> int:
        return bisect_left(self._paths, tree_key(path), key=tree_key)

    @staticmethod
    def _is_within(path: bytes, of: bytes) -> bool:
        return path == of or path.startswith(of + b"/")
