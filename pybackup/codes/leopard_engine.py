"""The erasure code by the wheel reed-solomon-leopard, bindings of the Rust crate reed-solomon-simd."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from .field import Indexes
from .stripes import Bytes, stripes

# What the wheel holds at most, as copies of all shards, their number made a power of two.
_COPIES = 3
_CUT_ROWS = 1024
_KEPT = 256
"""Each so many-th row stays until the next rows are there, so that Python does not give back the memory of all."""
_STRIPE_BYTES = 1 << 24
"""The wheel's own work space: 16 MB, as much as the `bytes` it is given."""


class LeopardEngine:
    """Encodes and fills by the wheel; arguments as in `pybackup.codes.codec`.

    Raises
    ------
    ImportError
        The wheel is not installed.
    """

    name = "leopard"

    def __init__(self) -> None:
        # It has no types; a module found by name is typed as one of which nothing is known.
        self._wheel: Any = importlib.import_module("reed_solomon_leopard")
        self._kept: list[bytes] = []

    def encode(self, data: Bytes, parity_count: int) -> Bytes:
        """Return the parity, shape (parity_count, width)."""
        pieces = (data[first : first + _CUT_ROWS].tobytes() for first in range(0, len(data), _CUT_ROWS))
        width = data.shape[1]
        return self.encode_pieces(pieces, len(data), parity_count, width, slice(0, width))

    def encode_pieces(
        self, pieces: Iterable[bytes], data_count: int, parity_count: int, width_bytes: int, columns: slice
    ) -> Bytes:
        """Return the parity of the columns, shape (parity_count, columns)."""
        width = columns.stop - columns.start
        cuts = list(stripes(width, data_count + parity_count, _STRIPE_BYTES))
        rows: list[list[bytes]] = [[] for _ in cuts]
        for piece in pieces:
            for cut, row in zip(cuts, rows, strict=True):
                start, end = columns.start + cut.start, cut.stop - cut.start
                row += [piece[at : at + end] for at in range(start, len(piece), width_bytes)]
        self._kept = [each for row in rows for each in row[::_KEPT]]
        parity = np.empty((parity_count, width), np.uint8)
        for cut, row in zip(cuts, rows, strict=True):
            _afford(data_count + parity_count, cut.stop - cut.start)
            shards = self._wheel.encode(row, parity_count)
            row.clear()
            _store(parity, range(parity_count), cut, shards)
        return parity

    def fill(self, data: Bytes, data_missing: Indexes, parity: Bytes, parity_missing: Indexes) -> None:
        """Fill the missing rows of data, one at least and no more than there are rows of parity."""
        present = np.setdiff1d(np.arange(len(data)), data_missing).tolist()
        # No more than needed: each takes memory, none makes it more certain.
        helping = np.setdiff1d(np.arange(len(parity)), parity_missing)[: len(data_missing)].tolist()
        for stripe in stripes(data.shape[1], len(data) + len(parity), _STRIPE_BYTES):
            rows = self._rows(data, stripe)
            _afford(len(data) + len(parity), stripe.stop - stripe.start)
            found = self._wheel.decode(
                len(data),
                len(parity),
                {row: rows[row] for row in present},
                {row: parity[row, stripe].tobytes() for row in helping},
            )
            del rows
            _store(data, list(found), stripe, list(found.values()))

    def _rows(self, data: Bytes, stripe: slice) -> list[bytes]:
        """Return the rows of a stripe; a thousand are made one and cut again: half the time that each alone takes."""
        width = stripe.stop - stripe.start
        rows: list[bytes] = []
        for first in range(0, len(data), _CUT_ROWS):
            part = data[first : first + _CUT_ROWS, stripe].tobytes()
            rows += [part[at : at + width] for at in range(0, len(part), width)]
        self._kept = rows[::_KEPT]
        return rows


def _afford(shards: int, width_bytes: int) -> None:
    """Raise MemoryError where the wheel would find no room for its copies: Rust ends the whole process for that."""
    np.empty((_COPIES << (shards - 1).bit_length(), width_bytes), np.uint8)


def _store(into: Bytes, rows: range | list[int], stripe: slice, shards: list[bytes]) -> None:
    """Write shards to rows, a thousand at a time so that no copy of all of them is made."""
    for first in range(0, len(rows), _CUT_ROWS):
        part = shards[first : first + _CUT_ROWS]
        into[rows[first : first + _CUT_ROWS], stripe] = np.frombuffer(b"".join(part), np.uint8).reshape(len(part), -1)
