"""The erasure code of volume parity: of k data and p parity shards any k tell the others.

Shards are rows of arrays `u8` of shape (shards, width), C-contiguous; the width is a multiple of 64. Arrays belong to
the caller: `encode` reads and returns a new one, `fill` writes to the missing rows of data only. Some 90 MB of memory
are needed besides these arrays, however wide the shards.

The code itself is described in FORMAT.md. Two engines make the same bytes: the wheel where it is installed, else NumPy.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Protocol

import numpy as np

from .field import Indexes
from .form import supports
from .leopard_engine import LeopardEngine
from .numpy_engine import NumpyEngine
from .stripes import BLOCK_BYTES, Bytes

__all__ = ["Engine", "LeopardEngine", "NumpyEngine", "default_engine", "encode", "encode_pieces", "fill", "supports"]


class Engine(Protocol):
    """What does the work; called with checked arguments only."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    def encode(self, data: Bytes, parity_count: int) -> Bytes:
        """Return the parity, shape (parity_count, width), of one data shard or more; `parity_count` is not 0."""

    def encode_pieces(
        self, pieces: Iterable[bytes], data_count: int, parity_count: int, width_bytes: int, columns: slice
    ) -> Bytes:
        """Return the parity of columns of shards that come in pieces of many, shape (parity_count, columns)."""

    def fill(self, data: Bytes, data_missing: Indexes, parity: Bytes, parity_missing: Indexes) -> None:
        """Fill the missing rows of data, one at least, no more than parity is there; indexes are sorted, distinct."""


@cache
def default_engine() -> Engine:
    """Return the wheel's engine where it can be imported, else NumPy's."""
    try:
        return LeopardEngine()
    except ImportError:
        return NumpyEngine()


def encode(data: Bytes, parity_count: int, *, engine: Engine | None = None) -> Bytes:
    """Return the parity of a group.

    Parameters
    ----------
    data
        Shape (k, width).
    parity_count
        p, which may be 0.
    engine
        `default_engine` if None.

    Returns
    -------
    Bytes
        Shape (p, width); zeros if there is no data.

    Raises
    ------
    ValueError
        The width is not a multiple of 64, or no group can have these counts.
    """
    _check_width(data)
    if parity_count == 0 or data.size == 0:
        return np.zeros((parity_count, data.shape[1]), np.uint8)
    _check_counts(len(data), parity_count)
    return (engine or default_engine()).encode(data, parity_count)


def encode_pieces(
    pieces: Iterable[bytes],
    data_count: int,
    parity_count: int,
    *,
    width_bytes: int,
    columns: slice,
    engine: Engine | None = None,
) -> Bytes:
    """Return some columns of the parity of a group that is never in memory as one array.

    Parameters
    ----------
    pieces
        The data shards in their order, whole ones, any number of them at a time one behind the other.
    data_count, parity_count
        How many there are, and p: none of them 0.
    width_bytes
        Of a shard.
    columns
        Which bytes of each shard.

    Returns
    -------
    Bytes
        Shape (p, columns).

    Raises
    ------
    ValueError
        The columns are not a multiple of 64, or no group can have these counts.
    """
    if (columns.stop - columns.start) % BLOCK_BYTES:
        raise ValueError(f"{columns.stop - columns.start} columns, which is no multiple of {BLOCK_BYTES}")
    _check_counts(data_count, parity_count)
    return (engine or default_engine()).encode_pieces(pieces, data_count, parity_count, width_bytes, columns)


def fill(
    data: Bytes, data_missing: Indexes, parity: Bytes, parity_missing: Indexes, *, engine: Engine | None = None
) -> None:
    """Restore the missing rows of data in place, and nothing else; what they held is not looked at.

    Parameters
    ----------
    data
        Shape (k, width).
    data_missing
        Indexes of rows of data, in any order.
    parity
        Shape (p, width).
    parity_missing
        Indexes of rows of parity that are not to be used. To restore them call `encode`.
    engine
        `default_engine` if None.

    Raises
    ------
    ValueError
        More are missing than there are rows of parity to restore them from; an index is outside; the widths differ or
        are no multiple of 64; no group can have these counts.
    """
    _check_width(data)
    if parity.shape[1] != data.shape[1]:
        raise ValueError(f"data of {data.shape[1]} bytes, parity of {parity.shape[1]} bytes")
    data_rows = _checked_rows(data_missing, len(data))
    parity_rows = _checked_rows(parity_missing, len(parity))
    if len(data_rows) + len(parity_rows) > len(parity):
        raise ValueError(
            f"{len(data_rows)} rows of data are missing, {len(parity) - len(parity_rows)} of parity are there"
        )
    if len(data_rows) == 0 or data.shape[1] == 0:
        return
    _check_counts(len(data), len(parity))
    (engine or default_engine()).fill(data, data_rows, parity, parity_rows)


def _check_width(shards: Bytes) -> None:
    if shards.shape[1] % BLOCK_BYTES:
        raise ValueError(f"shards of {shards.shape[1]} bytes, which is no multiple of {BLOCK_BYTES}")


def _check_counts(data_count: int, parity_count: int) -> None:
    if not supports(data_count, parity_count):
        raise ValueError(f"no group of {data_count} data and {parity_count} parity shards")


def _checked_rows(indexes: Indexes, count: int) -> Indexes:
    """Distinct indexes in their order."""
    rows = np.unique(indexes).astype(np.intp)
    if len(rows) and (rows[0] < 0 or rows[-1] >= count):
        raise ValueError(f"row {rows[0] if rows[0] < 0 else rows[-1]} of {count}")
    return rows
