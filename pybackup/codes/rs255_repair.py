"""Repairing the body of an index by its parity, see `rs255`: bytes wrong at places that nobody knows.

reedsolo needs milliseconds for a column, so a large body is repaired by analogy. Damage comes in runs: columns side by
side are wrong in the same rows. One bad column is decoded by reedsolo, its wrong rows and the nearest others are taken
as erased in the columns around it, and those are solved together by one small linear system.

What a drive could not read stands as zeros. Long runs of them are taken as erased from the start, so that up to 30
bytes of a column come back, nearly twice as many as where nobody knows which are wrong.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .galois import Bytes, Words, apply_tables, eliminate, linear_tables
from .rs255 import (
    DATA_ROWS,
    PARITY_ROWS,
    ROWS,
    Places,
    bad_columns,
    check_matrix,
    columns_of,
    refuse_other_lengths,
    remainders_of,
)

_ERASED_ROWS = 24
"""Rows solved for at a time; the 8 equations left over are the check: a wrong solution passes once in 2^64."""
_MOST_DECODES = 8192
"""Columns given to reedsolo in one repair, 4 ms each: every column of a body up to 1.8 MB, half a minute at worst."""
_MOST_FAILURES = 256
"""Columns reedsolo may refuse before the rest is given up: hopeless bodies end within a second or two."""
_HOLE_BYTES = 64
"""So many zeros in a row are nothing that was written: neither LZMA2, nor digests, nor parity has them."""
_MOST_ERASED_ROWS = 30
"""Of 32 that could be solved for: the two equations left over are the check."""
_COLUMNS_AT_A_TIME = 4096
_FIRST_REACH = 64
_LONGEST_REACH = 1 << 14
"""Columns solved together, from first to most. At the most, 10 MB are used."""


class Uncorrectable(ValueError):
    """Some codewords hold more wrong bytes than their parity can put right; the message says how many."""


@dataclass(frozen=True, slots=True)
class RepairedBody:
    """A body and its parity as they were written, and how many bytes of both had to be changed for that."""

    body: bytes
    parity: bytes
    corrected_bytes: int


def repair(body: bytes | memoryview, parity: bytes | memoryview) -> RepairedBody:
    """Put right the wrong bytes of a body and its parity, wherever they are.

    Up to 16 wrong bytes in a codeword are repaired; up to 24 where the codewords beside it are wrong in the same rows
    and one of them can be decoded; up to 30 where all of them lie in runs of 64 zeros or more.
    Time is bounded: of a body beyond 1.8 MB at most 8,192 separate patterns of damage are found, so bytes wrong at
    random, not in runs, may be given up though each codeword could be repaired.

    Parameters
    ----------
    body, parity
        As read: damaged, but of the lengths they were written with. Bytes that could not be read stand as anything.

    Returns
    -------
    RepairedBody
        Every codeword of it has been encoded anew and matches its parity.

    Raises
    ------
    Uncorrectable
        Some codewords are still bad; the message says how many of how many. Nothing is returned in part.
    ValueError
        `parity` has not the length that belongs to `body`.
    """
    refuse_other_lengths(body, parity)
    damage = _Damage(np.frombuffer(body, np.uint8), np.frombuffer(parity, np.uint8))
    if not damage.columns.size:
        return RepairedBody(bytes(body), bytes(parity), 0)
    damage.correct()
    repaired_body, repaired_parity = damage.body, damage.parity
    still_bad = bad_columns(remainders_of(repaired_body, repaired_parity)).size
    if still_bad:
        total = columns_of(repaired_body.size)
        raise Uncorrectable(f"{still_bad} of {total} codewords could not be corrected")
    return RepairedBody(repaired_body.tobytes(), repaired_parity.tobytes(), damage.corrected_bytes)


class _Damage:
    """The bad columns of one body with parity, and the search that corrects them in a copy.

    `columns` (n,) are the bad columns, `remainders` (n, 32) what their stored parity differs by from the computed one;
    it depends on the errors alone. `open` (n,) tells which are not corrected yet.
    """

    def __init__(self, body: Bytes, parity: Bytes) -> None:
        remainders = remainders_of(body, parity)
        self.columns = bad_columns(remainders)
        self.remainders = remainders[self.columns]
        self.open = np.ones(self.columns.size, np.bool_)
        self.corrected_bytes = 0
        self._body_bytes = body.size
        self._stride = columns_of(body.size)
        # What is intact is not copied.
        self._stored = np.concatenate([body, parity]) if self.columns.size else np.empty(0, np.uint8)

    @property
    def body(self) -> Bytes:
        """The body as corrected so far."""
        return self._stored[: self._body_bytes]

    @property
    def parity(self) -> Bytes:
        """The parity as corrected so far."""
        return self._stored[self._body_bytes :]

    def correct(self) -> None:
        """Correct what can be corrected within the bounds on work."""
        import reedsolo  # here, because only damage needs it

        self._fill_holes()
        codec = reedsolo.RSCodec(PARITY_ROWS)
        decodes = failures = 0
        for pivot in _scattered(self.columns.size):
            if not self.open[pivot]:
                continue
            if decodes == _MOST_DECODES or failures == _MOST_FAILURES:
                break
            decodes += 1
            try:
                # A remainder behind zeros has the errors of its column, and is a codeword's worth of bytes.
                wrong = codec.decode(bytes(DATA_ROWS) + self.remainders[pivot].tobytes())[2]
            except reedsolo.ReedSolomonError:
                failures += 1
                continue
            self._reach_out(pivot, _nearest_rows(np.frombuffer(wrong, np.uint8)))
            failures += bool(self.open[pivot])

    def _fill_holes(self) -> None:
        """Solve the columns that are wrong in nothing but long runs of zeros, those with the same rows together."""
        holes = _holes(self._stored)
        if not holes.any():
            return
        tried = 0
        for first in range(0, self.columns.size, _COLUMNS_AT_A_TIME):
            erased = self._erased(holes, self.columns[first : first + _COLUMNS_AT_A_TIME])
            kinds, which = np.unique(np.packbits(erased, axis=1), axis=0, return_inverse=True)
            for number, kind in enumerate(kinds):
                rows = np.flatnonzero(np.unpackbits(kind)[:ROWS])
                if 0 < rows.size <= _MOST_ERASED_ROWS and tried < _MOST_DECODES:
                    tried += 1
                    rows = _nearest_rows(rows) if rows.size < _ERASED_ROWS else rows
                    tables = linear_tables(eliminate(check_matrix()[:, rows]))
                    self._solve(first + np.flatnonzero(which.reshape(-1) == number), rows, tables)

    def _erased(self, holes: npt.NDArray[np.bool_], columns: Places) -> npt.NDArray[np.bool_]:
        """Return which rows of columns lie in holes, shape (columns, 255)."""
        rows = np.arange(ROWS)
        cells = columns[:, None] + rows * self._stride
        stored = (rows >= DATA_ROWS) | (cells < self._body_bytes)
        cells -= (rows >= DATA_ROWS) * (DATA_ROWS * self._stride - self._body_bytes)
        return stored & holes[np.where(stored, cells, 0)]

    def _reach_out(self, pivot: int, rows: Places) -> None:
        """Solve the columns to both sides of a pivot, further and further while it works for a quarter of them."""
        tables = linear_tables(eliminate(check_matrix()[:, rows]))
        ahead = pivot + np.flatnonzero(self.open[pivot:])
        behind = np.flatnonzero(self.open[:pivot])[::-1]
        for side in (ahead, behind):
            start, reach = 0, _FIRST_REACH
            while start < side.size:
                tried = side[start : start + reach]
                if 4 * self._solve(tried, rows, tables) < tried.size:
                    break
                start += reach
                reach = min(2 * reach, _LONGEST_REACH)

    def _solve(self, tried: Places, rows: Places, tables: Words) -> int:
        """Correct those bad columns whose errors all lie in `rows`; return how many they are.

        Parameters
        ----------
        tried
            Places in `columns`.
        rows
            The rows taken as erased, `_ERASED_ROWS` or more.
        tables
            Of the matrix that turns a remainder into errors of these rows, then zeros.
        """
        solution = apply_tables(tables, self.remainders[tried].T)
        errors, check = solution[:, : rows.size], solution[:, rows.size :]
        cells = self.columns[tried, None] + rows * self._stride
        not_stored = (rows < DATA_ROWS) & (cells >= self._body_bytes)
        solved = ~(check.any(axis=1) | (not_stored & (errors != 0)).any(axis=1))
        cells -= (rows >= DATA_ROWS) * (DATA_ROWS * self._stride - self._body_bytes)
        hit = solved[:, None] & (errors != 0)
        self._stored[cells[hit]] ^= errors[hit]
        self.corrected_bytes += int(np.count_nonzero(hit))
        self.open[tried[solved]] = False
        return int(np.count_nonzero(solved))


def _holes(stored: Bytes) -> npt.NDArray[np.bool_]:
    """Return which bytes lie in a run of `_HOLE_BYTES` zeros or more."""
    edges = np.flatnonzero(np.diff(stored == 0, prepend=False, append=False)).reshape(-1, 2)
    holes = np.zeros(stored.size, np.bool_)
    for start, end in edges[edges[:, 1] - edges[:, 0] >= _HOLE_BYTES].tolist():
        holes[start:end] = True
    return holes


def _nearest_rows(wrong: Bytes | Places) -> Places:
    """Return the `_ERASED_ROWS` rows nearest to wrong ones, these included: a burst begins and ends within a row."""
    distance = np.abs(np.arange(ROWS)[:, None] - wrong).min(axis=1)
    return np.sort(np.argsort(distance, kind="stable")[:_ERASED_ROWS])


def _scattered(count: int) -> Iterator[int]:
    """Yield 0 to count - 1, each once, any first few of them spread evenly (steps of the golden ratio)."""
    step = max(1, int(count * (math.sqrt(5) - 1) / 2))
    while math.gcd(step, count) != 1:
        step += 1
    return (turn * step % count for turn in range(count))
