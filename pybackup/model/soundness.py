"""What is known of the bytes of a damaged image: which are bad, and for which nothing vouches."""

from __future__ import annotations

from dataclasses import dataclass

from .extents import Extents

# Behind the end of any image.
FAR_BYTES = 1 << 62
_NONE = Extents()


@dataclass(frozen=True, slots=True)
class Soundness:
    """Byte ranges of an image by what is known of them; checksums vouch for all that is in neither.

    Attributes
    ----------
    bad
        Wrong, unreadable, or missing.
    unproved
        Read, but by nothing known to be what was written; what of it is also ``bad`` is bad.
    """

    bad: Extents = _NONE
    unproved: Extents = _NONE

    @property
    def is_proved(self) -> bool:
        """Whether every byte that is not bad is vouched for."""
        return not self.unproved

    def within(self, start: int, end: int) -> Soundness:
        """Return what is known of ``[start, end)``."""
        return Soundness(self.bad.within(start, end), self.unproved.within(start, end))

    def moved(self, by_bytes: int) -> Soundness:
        """Return the same of bytes that much further on."""
        return Soundness(self.bad.moved(by_bytes), self.unproved.moved(by_bytes))


def unproved(bad: Extents = _NONE) -> Soundness:
    """Return what is known of an image without checksums: all of it is unproved, and what could not be read is bad."""
    return Soundness(bad, Extents(((0, FAR_BYTES),)))
