"""The code across volumes: of N bodies and any number of recovery shards, any N tell the others.

Bodies are filled up with zeros to the longest. A *column* is one sector of each shard, at the same place of all;
columns have nothing to do with each other, so each may miss other shards. The code is that of `codec` in its low form
whatever the counts, so that recovery shard j does not depend on how many there are: it can be made years later.

Rows are numbered: 0 to N - 1 the bodies, N + j recovery shard j.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from .codec import Engine, default_engine
from .field import ORDER, Indexes, Symbols, inverse, product_table
from .form import pow2
from .stripes import BLOCK_BYTES, Bytes, bytes_of, stripes, symbols_of

_STRIPE_BYTES = 1 << 16
"""Of each shard, coded at a time. Measured: 256 KiB leaves the cache and is 25 % slower, 16 KiB halves decoding."""
_CODED_BYTES = 16 << 20
_FACTOR_ROWS = 4
"""Encoding so many rows more costs what one factor costs: so recovery volume 65,000 costs no more than the first."""
_BLOCK_SYMBOLS = BLOCK_BYTES // 2


def has_code_across(bodies: int, shards: int) -> bool:
    """Whether so many recovery shards can be made of so many bodies."""
    return bodies >= 1 and pow2(bodies) + max(shards, pow2(bodies) // 2 + 1) <= ORDER


@dataclass(frozen=True, slots=True)
class Across:
    """The code of a set of ``bodies`` data volumes; arrays are `u8`, their width a multiple of 64.

    Raises
    ------
    ValueError
        There are more than the field has elements for.
    """

    bodies: int
    engine: Engine = field(default_factory=default_engine)

    def __post_init__(self) -> None:
        if not has_code_across(self.bodies, 1):
            raise ValueError(f"no code across {self.bodies} volumes")

    def encode(self, data: Bytes, numbers: Sequence[int]) -> Bytes:
        """Return recovery shards, shape (len(numbers), width).

        Parameters
        ----------
        data
            Shape (bodies, width).
        numbers
            Which recovery shards, from 0.

        Raises
        ------
        ValueError
            One of them is beyond what the field has elements for.
        """
        if self.bodies * len(numbers) * _FACTOR_ROWS < self.bodies + self._declared(numbers):
            return _combined(self.factors(numbers), data)
        return self._encoded(data, numbers)

    def _encoded(self, data: Bytes, numbers: Sequence[int]) -> Bytes:
        declared = self._declared(numbers)
        made = np.empty((len(numbers), data.shape[1]), np.uint8)
        for stripe in self._stripes(data.shape[1], declared):
            made[:, stripe] = self.engine.encode(data[:, stripe], declared)[list(numbers)]
        return made

    def fill(self, data: Bytes, missing: Indexes, parity: Bytes, numbers: Sequence[int]) -> None:
        """Restore the missing rows of ``data`` in place.

        Parameters
        ----------
        data
            Shape (bodies, width); what missing rows hold is not looked at.
        missing
            Which rows, ascending.
        parity
            Shape (len(numbers), width).
        numbers
            Which recovery shards these are: at least as many as rows are missing.

        Raises
        ------
        ValueError
            They are fewer, or one is beyond what the field has elements for.
        """
        if len(numbers) < len(missing):
            raise ValueError(f"{len(missing)} volumes are missing, {len(numbers)} recovery volumes are there")
        numbers = numbers[: len(missing)]
        declared = self._declared(numbers)
        # Measured: a factor costs what decoding costs for one shard. Shards of high numbers stand behind many others.
        if len(missing) ** 2 <= max(self.bodies, declared // _FACTOR_ROWS):
            self._solve(data, missing, parity, numbers)
            return
        absent = np.setdiff1d(np.arange(declared), numbers)
        for stripe in self._stripes(data.shape[1], declared):
            given = np.zeros((declared, stripe.stop - stripe.start), np.uint8)
            given[list(numbers)] = parity[: len(numbers), stripe]
            self.engine.fill(data[:, stripe], missing, given, absent)

    def _solve(self, data: Bytes, missing: Indexes, parity: Bytes, numbers: Sequence[int]) -> None:
        """Restore few rows: what the shards lack without them is a sum of them with known factors."""
        data[missing] = 0
        lacking = self.encode(data, numbers)
        lacking ^= parity[: len(numbers)]
        data[missing] = _combined(inverse(self.factors(numbers)[:, missing]), lacking)

    def factors(self, numbers: Sequence[int]) -> Symbols:
        """Return by what each body is multiplied in each of some shards: shape (len(numbers), bodies)."""
        ones = np.zeros((self.bodies, -(-self.bodies // _BLOCK_SYMBOLS) * _BLOCK_SYMBOLS), np.uint16)
        ones[np.arange(self.bodies), np.arange(self.bodies)] = 1
        return symbols_of(self._encoded(bytes_of(ones), numbers))[:, : self.bodies]

    def _declared(self, numbers: Sequence[int]) -> int:
        """How many shards the code is asked for, so that it takes the low form: those that are not wanted are lost."""
        declared = max(max(numbers, default=0) + 1, pow2(self.bodies) // 2 + 1)
        if not has_code_across(self.bodies, declared):
            raise ValueError(f"no recovery shard {max(numbers)} of {self.bodies} volumes")
        return declared

    def _stripes(self, width: int, declared: int) -> Iterator[slice]:
        rows = self.bodies + declared
        return stripes(width, rows, max(rows * BLOCK_BYTES, min(rows * _STRIPE_BYTES, _CODED_BYTES)))


def _combined(factors: Symbols, rows: Bytes) -> Bytes:
    """Sums of rows, each times its factor: shape (sums, width) of factors (sums, rows) and rows (rows, width)."""
    made = np.empty((len(factors), rows.shape[1]), np.uint8)
    for stripe in stripes(rows.shape[1], 1, _STRIPE_BYTES):
        parts = [symbols_of(np.ascontiguousarray(row[None, stripe]))[0] for row in rows]
        for line, into in zip(factors.tolist(), made, strict=True):
            total = np.zeros_like(parts[0])
            for factor, part in zip(line, parts, strict=True):
                total ^= np.take(product_table(factor), part, mode="clip")
            into[stripe] = bytes_of(total[None])[0]
    return made
