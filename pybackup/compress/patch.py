"""Applying deltas: what a member gives whose content is a delta to segments of another content."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from pybackup.errors import Damaged
from pybackup.layout.rdiff import commands
from pybackup.model.member import Member

Decode = Callable[[Member], Iterable[bytes]]
"""Gives the content of a segment; raises `FormatError` where it is not that."""

_Wanted = list[tuple[int, int, int]]


def apply_delta(delta: bytes, n_bytes: int, base: Sequence[Member], decode: Decode) -> bytes:
    """Return the ``n_bytes`` that a delta to a content makes of it.

    Segments of the base are decoded one at a time, each once, and only those that something is copied from.

    Parameters
    ----------
    base
        All segments of the content that the delta is to.

    Raises
    ------
    Damaged
        The delta is none to such a base, or gives another number of bytes.
    FormatError
        By ``decode``.
    """
    ends = list(accumulate(member.raw_bytes for member in base))
    total = ends[-1] if ends else 0
    made = bytearray(n_bytes)
    wanted: dict[int, _Wanted] = {}
    at = 0
    for is_copy, start, length in commands(delta):
        if at + length > n_bytes:
            raise Damaged("a delta that gives more than its segment has")
        if not is_copy:
            if start + length > len(delta):
                raise Damaged("a delta that is cut short")
            made[at : at + length] = delta[start : start + length]
        elif start + length > total:
            raise Damaged("a delta to another base: it copies from behind the end of this one")
        else:
            _add(wanted, ends, start, start + length, at)
        at += length
    if at != n_bytes:
        raise Damaged("a delta that gives less than its segment has")
    for number in sorted(wanted):
        data = b"".join(decode(base[number]))
        for to, low, high in wanted[number]:
            made[to : to + high - low] = data[low:high]
    return bytes(made)


def _add(wanted: dict[int, _Wanted], ends: Sequence[int], start: int, end: int, at: int) -> None:
    """Note for each segment of the base what is copied from it, and to where."""
    number = bisect_right(ends, start)
    while start < end:
        begin = ends[number - 1] if number else 0
        stop = min(end, ends[number])
        if stop > start:
            wanted.setdefault(number, []).append((at, start - begin, stop - begin))
        at, start, number = at + stop - start, stop, number + 1
