"""Columns of integers, the way an index stores them: a base, then the bytes of equal weight side by side.

| offset | size   | type  | field  | meaning                                                     |
| ------ | ------ | ----- | ------ | ----------------------------------------------------------- |
| 0      | 1      | u8    | planes | bytes a value, 0 to 8                                       |
| 1      | 8      | i64   | base   | the smallest value                                          |
| 9      | planes*n | bytes | data | value - base: all lowest bytes, then all second bytes, ...  |

Equal bytes side by side compress several times better than records do, and NumPy reads a
column of a million values in milliseconds.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pybackup.errors import Damaged

HEAD = struct.Struct("<Bq")
Int64s = npt.NDArray[np.int64]

_MAX_VALUE = (1 << 63) - 1


def pack_column(values: Sequence[int] | Int64s) -> bytes:
    """Return the column of ``values``, each within a signed 64-bit integer."""
    array = np.asarray(values, dtype=np.int64)
    if not len(array):
        return HEAD.pack(0, 0)
    base = int(array.min())
    if base == int(array.max()):
        # Most columns of most directories.
        return HEAD.pack(0, base)
    # Unsigned, since the span of two signed values may need the 64th bit.
    rest = array.astype(np.uint64) - np.uint64(base & 0xFFFFFFFFFFFFFFFF)
    planes = (int(rest.max()).bit_length() + 7) // 8
    data = rest.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :planes].T.tobytes()
    return HEAD.pack(planes, base) + data


class Reader:
    """Reads columns and blobs one after the other from the bytes of an index."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def column(self, count: int) -> Int64s:
        """Return the next column, which must have ``count`` values.

        Raises
        ------
        Damaged
            Too few bytes, too many planes, a base that is not the smallest value, or values of another width.
        """
        planes, base = HEAD.unpack(self.take(HEAD.size))
        if planes > 8:
            raise Damaged("a column of an index with more than 8 planes")
        if count and not planes:
            # Most columns of most directories.
            return np.full(count, base, np.int64)
        data = np.frombuffer(self.take(planes * count), dtype=np.uint8).reshape(planes, count)
        wide = np.zeros((count, 8), dtype=np.uint8)
        wide[:, :planes] = data.T
        if planes and (not count or not data[planes - 1].any()):
            raise Damaged("a column of an index that is wider than its values")
        rest = wide.view("<u8").reshape(count)
        if int(rest.min()) if count else base:
            raise Damaged("a column of an index whose base is not its smallest value")
        if count and base + int(rest.max()) > _MAX_VALUE:
            raise Damaged("a column of an index with a value beyond 64 bits")
        return (rest + np.uint64(base & 0xFFFFFFFFFFFFFFFF)).astype(np.int64)

    def sizes(self, count: int) -> Int64s:
        """Return the next column, in which no value may be negative."""
        values = self.column(count)
        if count and int(values.min()) < 0:
            raise Damaged("a negative size in an index")
        return values

    def texts(self, count: int) -> list[bytes]:
        """Return ``count`` byte strings: a column of lengths, then all of them joined."""
        lengths = self.sizes(count)
        if count and int(lengths.max()) > len(self._data):
            raise Damaged("a text of an index is longer than the index")
        ends = np.cumsum(lengths).tolist()
        blob = self.take(ends[-1] if ends else 0)
        return [blob[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)] if ends else []

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes."""
        end = self._position + count
        if end > len(self._data):
            raise Damaged("an index ends in the middle of a column")
        data = self._data[self._position : end]
        self._position = end
        return data

    def finish(self) -> None:
        """Refuse bytes that are left over."""
        if self._position != len(self._data):
            raise Damaged("an index with bytes behind its last column")


def pack_texts(texts: Sequence[bytes]) -> bytes:
    """The mirror of `Reader.texts`."""
    return pack_column([len(text) for text in texts]) + b"".join(texts)
