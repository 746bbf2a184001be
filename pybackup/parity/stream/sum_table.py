"""The sums of all sectors of a volume, as its guard sectors tell them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pybackup.errors import Damaged
from pybackup.layout.guard import PAYLOAD_BYTES, Geometry
from pybackup.layout.sums import sector_sums

from .dealing import Dealing
from .find import FoundGuards
from .guarding import guard_sectors, read_slices

_GUARDS_AT_A_TIME = 1024

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class SumTable:
    """The sums of a volume.

    Attributes
    ----------
    sums
        Of all sectors by number, guard sectors included: shape (sectors,).
    """

    geometry: Geometry
    digest: bytes
    rows: NDArray[np.uint32]
    sums: NDArray[np.uint32]

    def guards(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and bytes of each guard sector."""
        return guard_sectors(self.geometry, self.digest, self.rows)


def load(found: FoundGuards) -> SumTable:
    """Return the sums that the guard sectors tell; their payloads are released, so they tell it once.

    Raises
    ------
    Damaged
        They are too few, or contradict each other.
    """
    geometry = found.geometry
    rows = read_slices(geometry, found.payloads)
    found.release()
    table = SumTable(geometry, found.digest, rows, np.zeros(geometry.sectors, np.uint32))
    dealing = Dealing(geometry)
    step = 1 << 20
    for first in range(0, geometry.sums, step):
        last = min(first + step, geometry.sums)
        table.sums[dealing.table_numbers(first, last)] = rows[first:last]
    numbers = dealing.guard_numbers
    for some in _batched(table.guards(), _GUARDS_AT_A_TIME):
        at = numbers[[guard for guard, _ in some]]
        table.sums[at] = sector_sums(b"".join(sector for _, sector in some), at)
        for guard, sector in some:
            if found.contradicts(guard, sector[-PAYLOAD_BYTES:]):
                raise Damaged("guard sectors that contradict each other")
    return table


def _batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield lists of ``size`` items, the last one shorter."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
