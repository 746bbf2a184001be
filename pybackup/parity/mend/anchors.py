"""Known sectors, and those among them that can be told by their content alone.

An anchor is a sector whose content is unlike that of all other known sectors and is more than one byte repeated. What
is found of it in a copy can only be that sector; zeros and repeated content are found in many places.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pybackup.layout.sums import Numbers, Sums, content_crcs
from pybackup.sector import SECTOR

_FILTER_BITS = 26
"""Of the filter at most: 64 MB, for more than a million sectors."""


@dataclass
class KnownSectors:
    """The sectors whose sums are known: by their numbers, and the anchors by their content.

    ``numbers``, ascending, and ``sums`` have shape (n,). What concerns content is made when it is first asked for: for
    a copy in which all is in its place it never is.
    """

    numbers: Numbers
    sums: Sums

    @cached_property
    def _by_content(self) -> tuple[Sums, Numbers]:
        """The CRCs of the anchors' contents, ascending, and the anchors' places in `numbers`."""
        contents = content_crcs(self.sums, self.numbers)
        order = np.argsort(contents, kind="stable")
        ascending = contents[order]
        alike = ascending[1:] == ascending[:-1]
        repeated = np.array([zlib.crc32(bytes((value,)) * SECTOR) for value in range(256)], np.uint32)
        single = ~np.isin(ascending, repeated)
        single[1:] &= ~alike
        single[:-1] &= ~alike
        return ascending[single], order[single]

    @cached_property
    def contents(self) -> npt.NDArray[np.int64]:
        """The CRC of each sector's content, -1 of those that are no anchors."""
        found = np.full(len(self.numbers), -1, np.int64)
        crcs, places = self._by_content
        found[places] = crcs
        return found

    @cached_property
    def _filter(self) -> tuple[npt.NDArray[np.bool_], np.uint32]:
        """Which first bits the anchors' CRCs have, and how far to shift a CRC to get them."""
        crcs, _ = self._by_content
        bits = min(_FILTER_BITS, len(crcs).bit_length() + 5)
        shift = np.uint32(32 - bits)
        present = np.zeros(1 << bits, np.bool_)
        present[crcs >> shift] = True
        return present, shift

    def between(self, low: int, high: int) -> Numbers:
        """Return the places of the numbers ``low <= number < high``."""
        return np.arange(*np.searchsorted(self.numbers, (low, max(low, high))))

    def anchors_among(self, crcs: Sums) -> tuple[Numbers, Numbers]:
        """Return where in ``crcs`` the content of an anchor is, ascending, and the anchors' places in `numbers`."""
        known, places = self._by_content
        present, shift = self._filter
        candidates = np.flatnonzero(present[crcs >> shift])
        if not candidates.size:
            return candidates, candidates
        wanted = crcs[candidates]
        nearest = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        right = known[nearest] == wanted
        return candidates[right], places[nearest[right]]

    def contents_of(self, numbers: Numbers) -> npt.NDArray[np.int64]:
        """Return the CRCs of the contents of sectors by their numbers, -1 for what is no known anchor."""
        places = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        return np.where(self.numbers[places] == numbers, self.contents[places], -1)
