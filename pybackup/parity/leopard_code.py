"""The erasure code by the wheel reed-solomon-leopard, bindings of the Rust crate reed-solomon-simd."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from pybackup.parity.field import Indexes
from pybackup.parity.stripes import Bytes, stripes

_STRIPE_BYTES = 1 << 24
# Wider ones are hardly faster, and Python gives the memory of longer bytes back to itself only.
_STRIPE_COLUMNS = 256
"""The wheel's own work space: 16 MB, as much as the `bytes` it is given."""


class LeopardEngine:
    """Encodes and fills by the wheel; arguments as in `pybackup.parity.codec`.

    Raises
    ------
    ImportError
        The wheel is not installed.
    """

    name = "leopard"

    def __init__(self) -> None:
        # It has no types; a module found by name is typed as one of which nothing is known.
        self._wheel: Any = importlib.import_module("reed_solomon_leopard")

    def encode(self, data: Bytes, parity_count: int) -> Bytes:
        """Return the parity, shape (parity_count, width)."""
        parity = np.empty((parity_count, data.shape[1]), np.uint8)
        for stripe in _stripes(data.shape[1], len(data) + parity_count):
            shards = self._wheel.encode([row.tobytes() for row in data[:, stripe]], parity_count)
            _store(parity, range(parity_count), stripe, shards)
        return parity

    def fill(self, data: Bytes, data_missing: Indexes, parity: Bytes, parity_missing: Indexes) -> None:
        """Fill the missing rows of data, one at least and no more than there are rows of parity."""
        present = np.setdiff1d(np.arange(len(data)), data_missing).tolist()
        # No more than needed: each takes memory, none makes it more certain.
        helping = np.setdiff1d(np.arange(len(parity)), parity_missing)[: len(data_missing)].tolist()
        for stripe in _stripes(data.shape[1], len(data) + len(parity)):
            found = self._wheel.decode(
                len(data),
                len(parity),
                {row: data[row, stripe].tobytes() for row in present},
                {row: parity[row, stripe].tobytes() for row in helping},
            )
            _store(data, list(found), stripe, list(found.values()))


def _stripes(width_bytes: int, shards: int) -> Iterator[slice]:
    return stripes(width_bytes, shards, min(_STRIPE_BYTES, shards * _STRIPE_COLUMNS))


def _store(into: Bytes, rows: range | list[int], stripe: slice, shards: list[bytes]) -> None:
    """Write shards to rows, a thousand at a time so that no copy of all of them is made."""
    for first in range(0, len(rows), 1024):
        part = shards[first : first + 1024]
        into[rows[first : first + 1024], stripe] = np.frombuffer(b"".join(part), np.uint8).reshape(len(part), -1)
