"""The field of volume parity: GF(2^16) = GF(2)[x] / (x^16 + x^5 + x^3 + x^2 + 1), elements in Cantor coordinates.

An element is a `u16` whose bit i says whether `BASIS[i]` is in its sum; the numbers of `BASIS` are polynomials in x,
bit j for x^j. The basis is Cantor's: BASIS[0] = 1 and BASIS[i + 1]^2 + BASIS[i + 1] = BASIS[i]. Addition is XOR, as
in any coordinates; 0 and 1 are themselves. The same number is also a point: point i is the element of number i.

Source: D. G. Cantor, "On arithmetical algorithms over finite fields", 1989. The basis is that of catid/leopard.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Symbols = npt.NDArray[np.uint16]
Indexes = npt.NDArray[np.intp]

BITS = 16
ORDER = 1 << BITS
POLYNOMIAL = 0x1002D
BASIS = (
    *(0x0001, 0xACCA, 0x3C0E, 0x163E, 0xC582, 0xED2E, 0x914C, 0x4012),
    *(0x6C98, 0x10D8, 0x6A72, 0xB900, 0xFDB8, 0xFB34, 0xFF38, 0x991E),
)
PERIOD = ORDER - 1
"""Order of the multiplicative group; logarithms are modulo it."""
LOG_OF_ZERO = 2 * PERIOD
"""Beyond any sum of two logarithms: `powers` is zero from here on, so that a product with zero needs no branch."""


@cache
def logarithms() -> Indexes:
    """Logarithms to the base x of all elements; that of zero is `LOG_OF_ZERO`.

    Returns
    -------
    Indexes
        Shape (65536,), not to be written to; `intp`, because `numpy.take` wants its indexes so.
    """
    by_polynomial = np.empty(ORDER, np.intp)
    value = 1
    for exponent in range(PERIOD):
        by_polynomial[value] = exponent
        value <<= 1
        if value & ORDER:
            value ^= POLYNOMIAL
    polynomials = np.zeros(1, np.intp)
    for vector in BASIS:
        polynomials = np.concatenate((polynomials, polynomials ^ vector))
    logs = by_polynomial[polynomials]
    logs[0] = LOG_OF_ZERO
    logs.flags.writeable = False
    return logs


@cache
def powers() -> Symbols:
    """Powers of x by their logarithm, zero from `LOG_OF_ZERO` to its double.

    Returns
    -------
    Symbols
        Shape (4 * 65535 + 1,), not to be written to: any sum of two entries of `logarithms` is an index.
    """
    found = np.zeros(2 * LOG_OF_ZERO + 1, np.uint16)
    found[logarithms()[1:]] = np.arange(1, ORDER, dtype=np.uint16)
    found[PERIOD:LOG_OF_ZERO] = found[:PERIOD]
    found.flags.writeable = False
    return found


def multiply(left: Symbols, right: Symbols) -> Symbols:
    """Products of elements; shapes are broadcast."""
    logs = logarithms()
    products: Symbols = powers()[logs[left] + logs[right]]
    return products


def scaled(symbols: Symbols, logs: Indexes) -> Symbols:
    """Products of symbols and the elements of these logarithms.

    Parameters
    ----------
    symbols
        Any shape, contiguous.
    logs
        Logarithms, 0 to `LOG_OF_ZERO`; the shape is broadcast to that of `symbols`.
    """
    exponents = np.take(logarithms(), symbols.astype(np.intp), mode="clip")  # unlike "raise", "clip" makes no copy
    exponents += logs
    return np.take(powers(), exponents, mode="clip")


def product_table(constant: int) -> Symbols:
    """Products of `constant` and every element.

    Returns
    -------
    Symbols
        Shape (65536,). Multiplication is linear, so the table is the sums of the products of low and high bytes.
    """
    low_bytes = np.arange(256, dtype=np.uint16)
    high_bytes = np.arange(0, ORDER, 256, dtype=np.uint16)
    log = logarithms()[constant : constant + 1]
    table: Symbols = scaled(high_bytes, log)[:, None] ^ scaled(low_bytes, log)
    return table.reshape(ORDER)


def inverse(matrix: Symbols) -> Symbols:
    """Return the inverse of a square matrix, by elimination.

    Raises
    ------
    ValueError
        It has none.
    """
    count = len(matrix)
    work = np.concatenate([matrix, np.eye(count, dtype=np.uint16)], axis=1)
    for column in range(count):
        rows = column + np.flatnonzero(work[column:, column])
        if not len(rows):
            raise ValueError("a matrix without inverse")
        work[[column, rows[0]]] = work[[rows[0], column]]
        log = int(logarithms()[work[column, column]])
        work[column] = scaled(work[column], np.array(PERIOD - log))
        for row in range(count):
            if row != column:
                work[row] ^= multiply(work[column], work[row, column : column + 1])
    return np.ascontiguousarray(work[:, count:])
