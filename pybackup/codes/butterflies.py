"""One layer of the additive Fourier transform in NumPy: `low += constant * high` and `high += low`, block by block.

Where a block is large, a table of all products of its constant is looked up; small blocks have a constant each, and
their products go through logarithms. All that is computed meanwhile lies in arrays that are used again: a fresh one of
this size comes from the operating system, page by page, and costs as much as what is done with it.
"""

from __future__ import annotations

import numpy as np

from .field import BITS, ORDER, Indexes, Symbols, logarithms, powers

TABLE_SYMBOLS = 1 << 14
"""Symbols multiplied by one constant from which on a table of all its products is made, which takes 10 us."""
TILE_SYMBOLS = 1 << 15
"""Symbols worked on at a time: with the 8-byte indexes that NumPy wants they stay in the second cache."""
_LOW_BITS = 8


class Butterflies:
    """Applies layers to arrays; not to be used by two threads at once.

    Arrays are `u16` of shape (rows, symbols), C-contiguous or slices of rows of such, and are changed in place.
    """

    def __init__(self, symbols: int) -> None:
        self._rows = max(1, TILE_SYMBOLS // max(1, symbols))
        self._indexes = np.empty((self._rows, symbols), np.intp)
        self._products = np.empty((self._rows, symbols), np.uint16)
        self._table = np.empty(ORDER, np.uint16)

    def large_blocks(self, work: Symbols, half: int, constants: Indexes, *, forward: bool) -> None:
        """Apply a layer to blocks of 2 * half rows, with a table for each; one constant a block."""
        low_products, high_products = _products_of_bytes(constants)
        for number, constant in enumerate(constants):
            if constant:
                self._make_table(low_products[number], high_products[number])
            first = number * 2 * half
            self._one_constant(
                work[first : first + half], work[first + half : first + 2 * half], bool(constant), forward
            )

    def small_blocks(self, work: Symbols, half: int, constants: Indexes, *, forward: bool) -> None:
        """Apply a layer to blocks of 2 * half rows; one constant a block."""
        at_once = max(1, self._rows // half)
        logs = logarithms()[constants][:, None, None]
        pairs = work.reshape(-1, 2, half, work.shape[1])
        for first in range(0, len(pairs), at_once):
            part = pairs[first : first + at_once]
            low, high = part[:, 0], part[:, 1]
            shape = high.shape
            count = shape[0] * half
            indexes, products = self._indexes[:count].reshape(shape), self._products[:count].reshape(shape)
            if not forward:
                high ^= low
            indexes[...] = high
            # Unlike "raise", "clip" makes no copy. The method is called, as `numpy.take` takes 2 us to come to it.
            logarithms().take(indexes, None, indexes, "clip")
            indexes += logs[first : first + at_once]
            powers().take(indexes, None, products, "clip")
            low ^= products
            if forward:
                high ^= low

    def _one_constant(self, low: Symbols, high: Symbols, by_table: bool, forward: bool) -> None:
        table, step = self._table, self._rows
        for first in range(0, len(low), step):
            a, b = low[first : first + step], high[first : first + step]
            if not forward:
                b ^= a
            if by_table:
                indexes, products = self._indexes[: len(a)], self._products[: len(a)]
                indexes[...] = b
                table.take(indexes, None, products, "clip")
                a ^= products
            if forward:
                b ^= a

    def _make_table(self, low_products: Symbols, high_products: Symbols) -> None:
        """Make the table of the products of one constant, of those of all low bytes and of each higher bit."""
        table = self._table
        table[: 1 << _LOW_BITS] = low_products
        for bit, product in enumerate(high_products, _LOW_BITS):
            np.bitwise_xor(table[: 1 << bit], product, out=table[1 << bit : 2 << bit])


def _products_of_bytes(constants: Indexes) -> tuple[Symbols, Symbols]:
    """Return the products of each constant and all low bytes, shape (constants, 256), and with each higher bit."""
    low_and_bits = np.concatenate((np.arange(1 << _LOW_BITS), 1 << np.arange(_LOW_BITS, BITS)))
    products = powers().take(logarithms()[constants][:, None] + logarithms()[low_and_bits], None, None, "clip")
    return products[:, : 1 << _LOW_BITS], products[:, 1 << _LOW_BITS :]
