"""Finding contents that a chain knows by hash alone in the archive that has them."""

from __future__ import annotations

from pybackup.layout.table import Table
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing, Rows
from pybackup.model.member import Stored


def looked_up(rows: Rows, listing: Listing) -> Rows:
    """Return rows in which each content that is known by hash has its place according to the archive's listing.

    Contents that the archive lacks, or has only in part or with a base, stay as they are.
    """
    wanted = rows.digests_by_hash() if isinstance(rows, Table) else set()
    return _LookedUp(rows, listing, wanted) if wanted else rows


class _LookedUp:
    """Rows of a table, with the contents that were found."""

    def __init__(self, rows: Rows, listing: Listing, wanted: set[bytes]) -> None:
        self._rows, self._listing, self.kinds = rows, listing, rows.kinds
        self._found: dict[bytes, int] = {}
        every = range(len(listing))
        for row, (_, brief, _) in zip(every, listing.briefly(every), strict=True):
            if brief.kind == Kind.FILE and brief.digest in wanted:
                self._found.setdefault(brief.digest, row)

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row``, with its content if that was found."""
        stored = self._rows.stored(row, path)
        at = self._found.get(stored.digest) if stored.is_by_hash else None
        held = None if at is None else self._listing.stored(at)
        if held is None or held.fault or held.sparse or held.entry.size != stored.entry.size:
            return stored
        return held._replace(entry=stored.entry)
