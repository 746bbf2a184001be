"""The places of files in a volume."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pybackup.model.entry import Kind
from pybackup.model.listing import Listing

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Which byte ranges of a volume belong to which file.

    Attributes
    ----------
    paths
        The path of each row.
    rows, starts, ends
        The row, start and end of each range, ascending by start: shape (ranges,).
    reach
        The furthest end up to each range: shape (ranges,). The same as ``ends`` if no two ranges overlap.
    """

    paths: list[bytes]
    rows: Numbers
    starts: Numbers
    ends: Numbers
    reach: Numbers

    @classmethod
    def of(cls, files: Iterable[tuple[bytes, Iterable[tuple[int, int]]]]) -> Places:
        """Return the places of files, given each with its ranges."""
        paths: list[bytes] = []
        rows, starts, ends = array("q"), array("q"), array("q")
        for path, ranges in files:
            for start, end in ranges:
                rows.append(len(paths))
                starts.append(start)
                ends.append(end)
            paths.append(path)
        order = np.argsort(np.frombuffer(starts, np.int64), kind="stable")
        sorted_ends = np.frombuffer(ends, np.int64)[order]
        return cls(
            paths,
            np.frombuffer(rows, np.int64)[order],
            np.frombuffer(starts, np.int64)[order],
            sorted_ends,
            np.maximum.accumulate(sorted_ends),
        )

    @classmethod
    def of_listing(cls, listing: Listing | None, begin: int = 0) -> Places:
        """Return the places of all files in an archive that begins at ``begin``; nothing for None."""
        if listing is None:
            return cls.of(())
        files = (listing.stored(row) for row, kind in enumerate(listing.rows.kinds) if kind == Kind.FILE)
        return cls.of(
            (
                stored.entry.path,
                [(begin + member.offset, begin + member.offset + member.packed_bytes) for member in stored.members],
            )
            for stored in files
        )

    def between(self, start: int, end: int) -> slice:
        """Return the ranges that touch ``[start, end)``: all of them, and no others unless some overlap."""
        first = int(np.searchsorted(self.reach, start, side="right"))
        return slice(first, max(first, int(np.searchsorted(self.starts, end, side="left"))))

    def names(self, start: int, end: int, limit: int) -> tuple[list[bytes], int]:
        """Return the paths of the first files in ``[start, end)``, and how many there are."""
        rows = self.rows[self.between(start, end)]
        # Segments of one file are neighbours.
        distinct = rows[np.flatnonzero(np.diff(rows, prepend=-1))]
        return [self.paths[row] for row in distinct[:limit].tolist()], len(distinct)
