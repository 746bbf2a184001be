"""Columns of a group that are worked on at a time, and the 64-byte blocks in which symbols are kept.

A block is the low bytes of 32 symbols and then their high bytes. Symbols at the same place of all shards are one
codeword, so that any columns of whole blocks can be encoded without the others; that is what bounds the memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from .field import Symbols

Bytes = npt.NDArray[np.uint8]

BLOCK_BYTES = 64

_SYMBOLS = BLOCK_BYTES // 2


def stripes(width_bytes: int, shards: int, most_bytes: int) -> Iterator[slice]:
    """Yield the columns to be worked on at a time.

    Parameters
    ----------
    width_bytes
        Bytes of a shard, whole blocks.
    shards
        Shards that are in memory at a time.
    most_bytes
        What a stripe of all of them may take; it has one block of each at least.
    """
    step = max(1, most_bytes // max(1, shards) // BLOCK_BYTES) * BLOCK_BYTES
    for first in range(0, width_bytes, step):
        yield slice(first, min(first + step, width_bytes))


def gathered(pieces: Iterable[bytes], count: int, width_bytes: int, columns: slice) -> Bytes:
    """Return columns of shards that come many at a time, one behind the other, as rows of an array (count, columns)."""
    rows = np.empty((count, columns.stop - columns.start), np.uint8)
    done = 0
    for piece in pieces:
        part = np.frombuffer(piece, np.uint8).reshape(-1, width_bytes)
        rows[done : done + len(part)] = part[:, columns]
        done += len(part)
    return rows


def symbols_of(columns: Bytes) -> Symbols:
    """Return the symbols of columns, shape (shards, bytes), as shape (shards, bytes / 2)."""
    blocks = columns.reshape(len(columns), columns.shape[1] // BLOCK_BYTES, 2, _SYMBOLS)
    symbols = blocks[:, :, 1].astype(np.uint16)
    symbols <<= 8
    symbols |= blocks[:, :, 0]
    return symbols.reshape(len(columns), columns.shape[1] // 2)


def bytes_of(symbols: Symbols) -> Bytes:
    """Return the columns, shape (shards, bytes), of symbols of shape (shards, bytes / 2)."""
    shards, count = symbols.shape
    blocks = symbols.reshape(shards, count // _SYMBOLS, _SYMBOLS)
    columns = np.empty((shards, count // _SYMBOLS, 2, _SYMBOLS), np.uint8)
    columns[:, :, 0] = blocks & 255
    columns[:, :, 1] = blocks >> 8
    return columns.reshape(shards, count * 2)
