"""Predicting how much second copies will take of each disc, before anything is written (see `second_copies`)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction

from pybackup.container.cost import EntryCosts, copied_in_bundle_bytes
from pybackup.layout.sevenzip_bundle import suits_bundle
from pybackup.model.entry import Kind, directories_above
from pybackup.model.member import Stored
from pybackup.model.source import Planned


class CopiesAhead:
    """Predicts the bytes of second copies, each of which is on the disc following that of the file itself.

    Parameters
    ----------
    entries
        The planned entries, in tree order.
    share
        The fraction of a disc that second copies may take.
    segment_bytes
        The length of segments; longer files get no second copy.
    """

    def __init__(self, entries: Sequence[Planned], costs: EntryCosts, *, share: Fraction, segment_bytes: int) -> None:
        self._share, self._segment_bytes, self._costs = share, segment_bytes, costs
        self._entries = entries
        with_files = {one.entry.parent for one in entries if one.entry.kind is Kind.FILE and one.entry.size}
        self._ends: list[int] = []
        at = 0.0
        for planned in entries:
            entry = planned.entry
            if entry.kind is Kind.FILE:
                at += entry.size * costs.ratio + costs.of_file(entry)
            else:
                at += costs.bare_bytes
                if entry.path in with_files:
                    at += costs.directory_bytes
            self._ends.append(round(at))

    def of(self, start: int, end: int, medium_bytes: int, room_bytes: int) -> int:
        """Return how many bytes the second copies of one disc's files will take on the next disc.

        Parameters
        ----------
        start, end
            The range of content on the first of the two discs, in bytes from the first entry on.
        medium_bytes, room_bytes
            The capacity of the next disc, and how much of it is for files and copies, in bytes.
        """
        # The first new item of a volume has priority over all copies.
        room = min(int(medium_bytes * self._share), room_bytes - round(self._segment_bytes * self._costs.ratio))
        # A file that begins on the disc before is not whole on this one, so it gets no second copy.
        first = bisect_left(self._ends, start) + 1 if start else 0
        behind = bisect_right(self._ends, end)
        files = [one.entry for one in self._entries[first:behind] if one.entry.kind is Kind.FILE]
        counted, taken, opened = 0, 0, set[bytes]()
        for entry in sorted(files, key=lambda entry: entry.size):
            if entry.size > self._segment_bytes:
                break
            above = {*directories_above(entry.path)} - opened
            packed, directories = round(entry.size * self._costs.ratio), len(above) * self._costs.directory_bytes
            cost = packed + self._costs.of_file(entry) + directories
            shares = suits_bundle(entry, self._costs.bundled_up_to_bytes)
            most = copied_in_bundle_bytes(Stored(entry), packed, is_first=False) + directories if shares else cost
            if counted + most <= room:
                counted, taken = counted + most, taken + cost
                opened |= above
        return taken
