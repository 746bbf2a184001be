"""The content of a file to be written into an archive for other programs, after it has been checked completely."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

Extents = list[tuple[int, int]]
_STEP = 1 << 20


class Appendable(Protocol):
    """An output to which an archive is appended."""

    def tell(self) -> int:
        """Return the offset of the next byte."""

    def write(self, data: bytes) -> None:
        """Append ``data``."""


class Patchable(Appendable, Protocol):
    """An output in which written bytes can be overwritten."""

    def patch(self, offset: int, data: bytes) -> None:
        """Overwrite bytes that were appended before."""


@dataclass(frozen=True, slots=True)
class WholeContent:
    """The content of a file.

    Attributes
    ----------
    size
        Its size in bytes, holes included.
    read
        Returns the data in pieces, without holes.
    extents
        Where a sparse file has data, as offset and length in bytes; None for a file without holes.
    is_packed
        Whether it is compressed already, so that compressing it again is of no use.
    """

    size: int
    read: Callable[[], Iterator[bytes]]
    extents: Extents | None = None
    is_packed: bool = False

    def filled(self) -> Iterator[bytes]:
        """Yield the content in pieces, with zeros for holes."""
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
    """Yield ``count`` zero bytes, in pieces."""
    while count > 0:
        yield bytes(min(count, _STEP))
        count -= _STEP
