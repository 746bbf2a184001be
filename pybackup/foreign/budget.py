"""Limits of what looking into an archive, and all the archives in it, may cost."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .form import ForeignForm

_LEAST_BYTES = 1 << 30
# What shrinks more than that is hardly anybody's backup; an image is not packed, but its files may share extents.
_FOLD, _FOLD_OF_IMAGE = 50, 4
_SECONDS, _BYTES_A_SECOND = 60.0, 10e6
_MOST_NAMES, _MOST_NAME_BYTES = 2_000_000, 256 << 20
_MOST_TOLD_BYTES = 1 << 50  # sums of these are to fit in 64 bits
_LOOK_AT_CLOCK = 256  # names


class OverBudget(Exception):
    """A limit would be exceeded; the text says which."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits for one archive.

    Attributes
    ----------
    n_bytes
        Bytes that may come out of it, at all depths together.
    names, name_bytes
        How many files and directories it may have, and the bytes of their paths.
    told_bytes
        The sizes that its files may claim to have, together.
    seconds
        Seconds of processor time.
    """

    n_bytes: int
    names: int = _MOST_NAMES
    name_bytes: int = _MOST_NAME_BYTES
    told_bytes: int = _MOST_TOLD_BYTES
    seconds: float = _SECONDS


def limits_of(size: int, form: ForeignForm) -> Limits:
    """Return the limits for an archive of so many bytes."""
    n_bytes = _LEAST_BYTES + size * (_FOLD_OF_IMAGE if form is ForeignForm.ISO else _FOLD)
    return Limits(n_bytes, seconds=_SECONDS + n_bytes / _BYTES_A_SECOND)


class Budget:
    """Counts what an archive costs. Each method raises `OverBudget` when a limit is exceeded."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes = self._told = self._names = self._name_bytes = self._asked = 0
        self._end = time.process_time() + limits.seconds

    def content(self, n_bytes: int) -> None:
        """Count bytes that came out."""
        self._bytes += n_bytes
        if self._bytes > self._limits.n_bytes:
            raise OverBudget(f"more than {self._limits.n_bytes:,} bytes come out of it")
        self._look_at_clock()

    def file(self, size: int) -> None:
        """Count the size that a file claims to have."""
        self._told += size
        if size < 0 or self._told > self._limits.told_bytes:
            raise OverBudget("it says that its files are larger than any")

    def name(self, names: int, n_bytes: int) -> None:
        """Count a path of ``n_bytes`` with ``names`` new names: its own and those of directories."""
        self._names += names
        self._name_bytes += names * n_bytes
        if self._names > self._limits.names or self._name_bytes > self._limits.name_bytes:
            raise OverBudget(f"more than {self._limits.names:,} names, or {self._limits.name_bytes:,} bytes of them")
        self._asked += 1
        if self._asked % _LOOK_AT_CLOCK == 0:
            self._look_at_clock()

    def _look_at_clock(self) -> None:
        if time.process_time() > self._end:
            raise OverBudget(f"it takes longer than {self._limits.seconds:.0f} s")
