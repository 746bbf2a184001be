"""The additive Fourier transform: values of a polynomial at the points of a coset, in O(n log n).

Let s_t be the polynomial whose roots are the points 0 to 2^t - 1. With the basis of the field, s_0(x) = x,
s_{t+1} = s_t^2 + s_t, and s_t(point i) = point i >> t. A polynomial of degree < n = 2^h is written as the sum of
c_i X_i(x), where X_i is the product of the s_t of the bits t set in i (the "novel basis"). One layer of the transform
is f = f0 + s_t f1: in a block of 2^(t+1) points s_t is one constant c on the lower half and c + 1 on the upper.

Source: S.-J. Lin, W.-H. Chung, Y. S. Han, "Novel polynomial basis and its application to Reed-Solomon erasure codes",
FOCS 2014.

All arrays are `u16` of shape (points, symbols), C-contiguous, and are changed in place: row i of one of 2^h rows
belongs to point start + i, where start is a multiple of 2^h. `active`, shape (points,), leaves out work: blocks in
which no row is active are not touched.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .field import PERIOD, Indexes, Symbols, logarithms, product_table, scaled

Mask = npt.NDArray[np.bool_]

_TABLE_SYMBOLS = 1 << 13
"""Symbols multiplied by one constant from which on a table of all its products (10 us) is made."""
_TILE_SYMBOLS = 1 << 15
"""Symbols worked on at a time: with the 8-byte indexes that NumPy makes of them they stay in the second cache."""
_DERIVATIVE_ROWS = 64
"""Rows, a power of two, whose derivative is taken on a copy."""


def evaluate(work: Symbols, start: int, active: Mask | None = None) -> None:
    """Turn coefficients of the novel basis into values at points start, start + 1, ...

    Parameters
    ----------
    active
        Rows whose values are wanted, the others are undefined afterwards; all if None.
    """
    for layer in reversed(range(_layers(work))):
        _apply_layer(work, start, layer, active, forward=True)


def interpolate(work: Symbols, start: int, active: Mask | None = None) -> None:
    """Turn values at points start, start + 1, ... into coefficients of the novel basis.

    Parameters
    ----------
    active
        Rows that may be other than zero; all if None.
    """
    for layer in range(_layers(work)):
        _apply_layer(work, start, layer, active, forward=False)


def add_derivative(work: Symbols) -> None:
    """Add to a polynomial its formal derivative, both as coefficients of the novel basis.

    The derivative of every s_t is 1, so that of X_i is the sum of the X_j where j is i without one of its bits.
    """
    tile = min(len(work), _DERIVATIVE_ROWS)
    for first in range(0, len(work), tile):
        if first:
            # The rows read are as they were: those before `first` alone have been changed.
            width = first & -first
            work[first - width : first] ^= work[first : first + width]
        block = work[first : first + tile]
        before = block.copy()
        for layer in range(_layers(block)):
            pairs = (-1, 2, 1 << layer, work.shape[1])
            block.reshape(pairs)[:, 0] ^= before.reshape(pairs)[:, 1]


def locator_logarithms(unknown: Mask) -> Indexes:
    """Logarithms at every point of the product of (point + u) over all unknown points u other than it.

    At a known point this is the locator polynomial; at an unknown one, its derivative.

    Parameters
    ----------
    unknown
        Shape (2^h,): which of the points 0 to 2^h - 1.

    Returns
    -------
    Indexes
        Shape (2^h,), 0 to 65534. The sum of the logarithms is a convolution over XOR: Walsh-Hadamard transforms.
    """
    logs = logarithms()[: len(unknown)].astype(np.int64)
    logs[0] = 0
    # Exact: the last sums are below 2^48, so nothing is lost if those before them wrap around.
    sums = _walsh_hadamard(_walsh_hadamard(unknown.astype(np.int64)) * _walsh_hadamard(logs)) // len(unknown)
    return (sums % PERIOD).astype(np.intp)


def _walsh_hadamard(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    for layer in range(len(values).bit_length() - 1):
        pairs = values.reshape(-1, 2, 1 << layer)
        values = np.stack((pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]), axis=1).reshape(-1)
    return values


def _layers(work: Symbols) -> int:
    return len(work).bit_length() - 1


def _apply_layer(work: Symbols, start: int, layer: int, active: Mask | None, *, forward: bool) -> None:
    """Apply one layer, the butterflies between rows 2^layer apart."""
    half = 1 << layer
    by_table = half * work.shape[1] >= _TABLE_SYMBOLS
    rows = 2 * half if by_table else min(len(work), max(2 * half, _TILE_SYMBOLS // max(1, work.shape[1]) & -2 * half))
    for first in range(0, len(work), rows):
        block = work[first : first + rows]
        if active is not None and not active[first : first + rows].any():
            continue
        constant = start + first >> layer
        if by_table:
            _apply_one_constant(block[:half], block[half:], constant, forward=forward)
        else:
            pairs = block.reshape(-1, 2, half, work.shape[1])
            constants = np.arange(constant, constant + 2 * len(pairs), 2)
            _apply_many_constants(pairs[:, 0], pairs[:, 1], constants, forward=forward)


def _apply_one_constant(low: Symbols, high: Symbols, constant: int, *, forward: bool) -> None:
    """Butterflies of the rows of two halves of a block."""
    table = product_table(constant) if constant else None
    rows = max(1, _TILE_SYMBOLS // low.shape[1])
    for first in range(0, len(low), rows):
        a, b = low[first : first + rows], high[first : first + rows]
        if not forward:
            b ^= a
        if table is not None:
            a ^= np.take(table, b, mode="clip")
        if forward:
            b ^= a


def _apply_many_constants(low: Symbols, high: Symbols, constants: Indexes, *, forward: bool) -> None:
    """Butterflies of many small blocks, arrays of shape (blocks, rows, symbols); one constant for each block."""
    if not forward:
        high ^= low
    low ^= scaled(high, logarithms()[constants][:, None, None])
    if forward:
        high ^= low
