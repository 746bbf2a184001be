"""The two forms of the code: which points of the field the shards of a group are the values at.

With m the smaller of the two counts rounded up to a power of two, the shards of the smaller kind are at the points
from 0, those of the larger kind at the points from m:

===== ===================== ============ ============= ===========================================================
form  when                  data from    parity from   the code: values of all polynomials f of
===== ===================== ============ ============= ===========================================================
high  pow2(p) <= pow2(k)    m = pow2(p)  0             degree < n - m, zero at the points behind the data up to n
low   pow2(p) > pow2(k)     0            m = pow2(k)   degree < m, zero at the points between the data and m
===== ===================== ============ ============= ===========================================================

pow2 rounds up to a power of two, n is any power of two that holds the shards: the values do not depend on it. Where
both powers are the same, either form gives the same parity. High form, point p to m - 1: parity that is not stored.
"""

from __future__ import annotations

from dataclasses import dataclass

# As many as GF(2^16) has elements.
MAX_SHARDS = 1 << 16


@dataclass(frozen=True, slots=True)
class Form:
    """Where the shards of a group are.

    Attributes
    ----------
    chunk
        m, a power of two: points from 0 to which the shards of the smaller kind are filled up.
    data_start, parity_start
        The points of the first shard of either kind.
    points
        n, the least power of two that holds all shards.
    """

    chunk: int
    data_start: int
    parity_start: int
    points: int

    @property
    def high(self) -> bool:
        """Whether the data is behind the parity."""
        return self.data_start > 0


def supports(data_count: int, parity_count: int) -> bool:
    """Whether a group of these counts fits the field."""
    if data_count < 1 or parity_count < 1:
        return False
    smaller, larger = sorted((data_count, parity_count))
    return pow2(smaller) + larger <= MAX_SHARDS


def form_of(data_count: int, parity_count: int) -> Form:
    """Return the form of a group.

    Raises
    ------
    ValueError
        No group can have these counts.
    """
    if not supports(data_count, parity_count):
        raise ValueError(f"no group of {data_count} data and {parity_count} parity shards")
    if pow2(parity_count) <= pow2(data_count):
        chunk = pow2(parity_count)
        return Form(chunk, chunk, 0, pow2(chunk + data_count))
    chunk = pow2(data_count)
    return Form(chunk, 0, chunk, pow2(chunk + parity_count))


def pow2(count: int) -> int:
    """`count`, 1 or more, rounded up to a power of two."""
    return 1 << (count - 1).bit_length()
