"""The content of a file on its way into an archive of another program: all of it is known to be right beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

Extents = list[tuple[int, int]]
_STEP = 1 << 20


class Appendable(Protocol):
    """What an archive is written to."""

    def tell(self) -> int:
        """Offset of the next byte."""

    def write(self, data: bytes) -> None:
        """Append ``data``."""


class Patchable(Appendable, Protocol):
    """An output in which what was written can be replaced."""

    def patch(self, offset: int, data: bytes) -> None:
        """Overwrite bytes that were appended before."""


@dataclass(frozen=True, slots=True)
class WholeContent:
    """The content of a file.

    Attributes
    ----------
    size
        Its length, holes included.
    read
        Gives the data in steps; between holes only the data.
    extents
        Where a sparse file has data, offset and length in bytes; None for a file without holes.
    is_packed
        It was compressed well enough by whoever made it: what follows need not try.
    """

    size: int
    read: Callable[[], Iterator[bytes]]
    extents: Extents | None = None
    is_packed: bool = False

    def filled(self) -> Iterator[bytes]:
        """Yield the content in steps, holes as zeros."""
        if self.extents is None:
            yield from self.read()
            return
        at, pieces, rest = 0, self.read(), b""
        for offset, length in self.extents:
            yield from zeros(offset - at)
            left = length
            while left:
                rest = rest or next(pieces)
                yield rest[:left]
                taken = min(left, len(rest))
                rest, left = rest[taken:], left - taken
            at = offset + length
        yield from zeros(self.size - at)


def zeros(count: int) -> Iterator[bytes]:
    """Yield so many zeros, in steps."""
    while count > 0:
        yield bytes(min(count, _STEP))
        count -= _STEP
