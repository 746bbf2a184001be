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

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from .butterflies import TABLE_SYMBOLS, Butterflies
from .field import PERIOD, Indexes, Symbols, logarithms

Mask = npt.NDArray[np.bool_]

_BLOCK_SYMBOLS = 1 << 18
"""Symbols that go through all their layers before the next ones: 512 KB, which stay in the second cache."""
_DERIVATIVE_ROWS = 64
"""Rows, a power of two, whose derivative is taken on a copy."""


def evaluate(work: Symbols, start: int, active: Mask | None = None) -> None:
    """Turn coefficients of the novel basis into values at points start, start + 1, ...

    Parameters
    ----------
    active
        Rows whose values are wanted, the others are undefined afterwards; all if None.
    """
    butterflies = Butterflies(work.shape[1])
    inner = _inner_layers(work)
    for layer in reversed(range(inner, _layers(work))):
        _apply_layer(butterflies, work, start, layer, active, forward=True)
    for first, block, wanted in _blocks(work, inner, active):
        for layer in reversed(range(inner)):
            _apply_layer(butterflies, block, start + first, layer, wanted, forward=True)


def interpolate(work: Symbols, start: int, active: Mask | None = None) -> None:
    """Turn values at points start, start + 1, ... into coefficients of the novel basis.

    Parameters
    ----------
    active
        Rows that may be other than zero; all if None.
    """
    butterflies = Butterflies(work.shape[1])
    inner = _inner_layers(work)
    for first, block, nonzero in _blocks(work, inner, active):
        for layer in range(inner):
            _apply_layer(butterflies, block, start + first, layer, nonzero, forward=False)
    for layer in range(inner, _layers(work)):
        _apply_layer(butterflies, work, start, layer, active, forward=False)


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


def _inner_layers(work: Symbols) -> int:
    """Return how many layers stay within blocks of `_BLOCK_SYMBOLS`."""
    rows: int = max(1, _BLOCK_SYMBOLS // max(1, work.shape[1]))
    return min(_layers(work), rows.bit_length() - 1)


def _blocks(work: Symbols, layers: int, active: Mask | None) -> Iterator[tuple[int, Symbols, Mask | None]]:
    """Yield the first row of each block of 2^layers, its rows and which of them are active; none that has none."""
    for first in range(0, len(work), 1 << layers):
        rows = slice(first, first + (1 << layers))
        if active is None:
            yield first, work[rows], None
        elif active[rows].any():
            yield first, work[rows], active[rows]


def _apply_layer(
    butterflies: Butterflies, work: Symbols, start: int, layer: int, active: Mask | None, *, forward: bool
) -> None:
    """Apply one layer, the butterflies between rows 2^layer apart."""
    half = 1 << layer
    large = half * work.shape[1] >= TABLE_SYMBOLS
    constants = np.arange(start >> layer, start + len(work) >> layer, 2)
    busy = None if active is None or active.all() else active.reshape(-1, 2 * half).max(axis=1)
    runs = [(0, len(constants))] if busy is None else _runs(busy)
    apply = butterflies.large_blocks if large else butterflies.small_blocks
    for first, end in runs:
        apply(work[first * 2 * half : end * 2 * half], half, constants[first:end], forward=forward)


def _runs(active: Mask) -> list[tuple[int, int]]:
    """Return where each run of the active begins, and where it ends."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], active, [False]))))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
