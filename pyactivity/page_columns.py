"""Columns of numbers in few bytes, for a page that carries a million files: varints, which deflate well.

varint    unsigned LEB128: seven bits a byte, low ones first, the high bit says that more follow
zigzag    differences, each from the one before (the first from 0), 0, -1, 1, -2 as varints 0, 1, 2, 3
uint32    four bytes each, little end first
names     byte strings, each ended by a NUL
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Columns:
    """Named columns, one after the other."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.index: list[tuple[str, str, int]] = []  # name, kind, bytes

    def varint(self, name: str, values: ArrayLike) -> None:
        """Add whole numbers of 0 or more."""
        self._add(name, "varint", varints(np.asarray(values).astype(np.int64)))

    def zigzag(self, name: str, values: ArrayLike) -> None:
        """Add whole numbers near to their neighbours, differences within int64."""
        whole = np.asarray(values).astype(np.int64)
        steps = whole.copy()
        steps[1:] -= whole[:-1]
        self._add(name, "zigzag", varints((steps << 1) ^ (steps >> 63)))

    def uint32(self, name: str, values: ArrayLike) -> None:
        """Add whole numbers below 2**32."""
        self._add(name, "uint32", np.asarray(values).astype("<u4").tobytes())

    def names(self, name: str, values: Iterable[bytes]) -> None:
        """Add byte strings without NUL."""
        self._add(name, "names", b"".join(value + b"\0" for value in values))

    def extend(self, others: "Columns") -> None:
        """Add all columns of another."""
        self._pieces += others._pieces
        self.index += others.index

    def pack(self) -> bytes:
        """All columns."""
        return b"".join(self._pieces)

    def _add(self, name: str, kind: str, piece: bytes) -> None:
        self._pieces.append(piece)
        self.index.append((name, kind, len(piece)))


def varints(values: NDArray[np.int64]) -> bytes:
    """LEB128 of each value, negative ones as if unsigned."""
    rest = values.view(np.uint64)
    lengths = np.ones(len(rest), np.int64)
    for seven in range(7, 64, 7):
        lengths += rest >= np.uint64(1 << seven)
    starts = np.cumsum(lengths) - lengths
    packed = np.empty(int(lengths.sum()), np.uint8)
    for place in range(10):
        has = lengths > place
        low = (rest[has] >> np.uint64(7 * place)).astype(np.uint8) & 127
        packed[starts[has] + place] = low | ((lengths[has] > place + 1).astype(np.uint8) << 7)
    return packed.tobytes()
