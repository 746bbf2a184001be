"""RS(255,223) over the body of an index: parity that finds and repairs bytes wrong at unknown places.

A body of L bytes is a matrix of C = ceil(L / 223) columns, row-major; each column is one codeword. Parity follows in
the same form, so that a burst is shared out over all codewords and the body stays readable as it is:

======== ====== ======= ==============================================================================
row      bytes  stored  meaning
======== ====== ======= ==============================================================================
0-222    C each L bytes body: byte i is row i // C, column i % C; cells from L on are zero, not stored
223-254  C each 32 C    parity: row 223 + k is byte k of each column's parity
======== ====== ======= ==============================================================================

A column's parity is `reedsolo.RSCodec(32).encode(its 223 bytes)[223:]`: GF(2^8) with polynomial 0x11d, generator 2,
first root 2^0. Up to 16 wrong bytes in each column can be put right, wherever they are.

reedsolo needs milliseconds for a column, so a large body is repaired by analogy. Damage comes in runs: columns side by
side are wrong in the same rows. One bad column is decoded by reedsolo, its wrong rows and the nearest others are taken
as erased in the columns around it, and those are solved together by one small linear system.

What a drive could not read stands as zeros. Long runs of them are taken as erased from the start, so that up to 30
bytes of a column come back, nearly twice as many as where nobody knows which are wrong.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from .galois import Bytes, Words, apply_tables, eliminate, linear_tables, powers, products

DATA_ROWS = 223
PARITY_ROWS = 32

_ROWS = DATA_ROWS + PARITY_ROWS
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

_Places = npt.NDArray[np.intp]


class Uncorrectable(ValueError):
    """Some codewords hold more wrong bytes than their parity can put right; the message says how many."""


@dataclass(frozen=True, slots=True)
class RepairedBody:
    """A body and its parity as they were written, and how many bytes of both had to be changed for that."""

    body: bytes
    parity: bytes
    corrected_bytes: int


def parity_size(body_bytes: int) -> int:
    """Return how many bytes of parity a body of `body_bytes` bytes has.

    Raises
    ------
    ValueError
        `body_bytes` is negative.
    """
    if body_bytes < 0:
        raise ValueError(f"a body cannot have {body_bytes} bytes")
    return PARITY_ROWS * _columns(body_bytes)


def protect(body: bytes | memoryview) -> bytes:
    """Return the parity of a body, `parity_size(len(body))` bytes.

    The body is read in place; beside the result and a copy of it, 3 MB and 1.8 MB of tables are used.
    """
    return _encode(np.frombuffer(body, np.uint8)).T.tobytes()


def is_intact(body: bytes | memoryview, parity: bytes | memoryview) -> bool:
    """Return whether the parity is that of the body: any 1 to 32 wrong bytes in a codeword show.

    Zeros throughout match as well, as any body with its own parity does: a checksum must vouch for which body it is.

    Raises
    ------
    ValueError
        `parity` has not the length that belongs to `body`.
    """
    _refuse_other_lengths(body, parity)
    return protect(body) == bytes(parity)


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
    Repaired
        Every codeword of it has been encoded anew and matches its parity.

    Raises
    ------
    Uncorrectable
        Some codewords are still bad; the message says how many of how many. Nothing is returned in part.
    ValueError
        `parity` has not the length that belongs to `body`.
    """
    _refuse_other_lengths(body, parity)
    damage = _Damage(np.frombuffer(body, np.uint8), np.frombuffer(parity, np.uint8))
    if not damage.columns.size:
        return RepairedBody(bytes(body), bytes(parity), 0)
    damage.correct()
    repaired_body, repaired_parity = damage.body, damage.parity
    still_bad = _bad_columns(_remainders(repaired_body, repaired_parity)).size
    if still_bad:
        total = _columns(repaired_body.size)
        raise Uncorrectable(f"{still_bad} of {total} codewords could not be corrected")
    return RepairedBody(repaired_body.tobytes(), repaired_parity.tobytes(), damage.corrected_bytes)


class _Damage:
    """The bad columns of one body with parity, and the search that corrects them in a copy.

    `columns` (n,) are the bad columns, `remainders` (n, 32) what their stored parity differs by from the computed one;
    it depends on the errors alone. `open` (n,) tells which are not corrected yet.
    """

    def __init__(self, body: Bytes, parity: Bytes) -> None:
        remainders = _remainders(body, parity)
        self.columns = _bad_columns(remainders)
        self.remainders = remainders[self.columns]
        self.open = np.ones(self.columns.size, np.bool_)
        self.corrected_bytes = 0
        self._body_bytes = body.size
        self._stride = _columns(body.size)
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
                rows = np.flatnonzero(np.unpackbits(kind)[:_ROWS])
                if 0 < rows.size <= _MOST_ERASED_ROWS and tried < _MOST_DECODES:
                    tried += 1
                    rows = _nearest_rows(rows) if rows.size < _ERASED_ROWS else rows
                    tables = linear_tables(eliminate(_check_matrix()[:, rows]))
                    self._solve(first + np.flatnonzero(which.reshape(-1) == number), rows, tables)

    def _erased(self, holes: npt.NDArray[np.bool_], columns: _Places) -> npt.NDArray[np.bool_]:
        """Return which rows of columns lie in holes, shape (columns, 255)."""
        rows = np.arange(_ROWS)
        cells = columns[:, None] + rows * self._stride
        stored = (rows >= DATA_ROWS) | (cells < self._body_bytes)
        cells -= (rows >= DATA_ROWS) * (DATA_ROWS * self._stride - self._body_bytes)
        return stored & holes[np.where(stored, cells, 0)]

    def _reach_out(self, pivot: int, rows: _Places) -> None:
        """Solve the columns to both sides of a pivot, further and further while it works for a quarter of them."""
        tables = linear_tables(eliminate(_check_matrix()[:, rows]))
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

    def _solve(self, tried: _Places, rows: _Places, tables: Words) -> int:
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


def _columns(body_bytes: int) -> int:
    return -(-body_bytes // DATA_ROWS)


def _refuse_other_lengths(body: bytes | memoryview, parity: bytes | memoryview) -> None:
    expected, found = parity_size(memoryview(body).nbytes), memoryview(parity).nbytes
    if found != expected:
        raise ValueError(f"a body of {memoryview(body).nbytes} bytes has {expected} bytes of parity, not {found}")


@cache
def _check_matrix() -> Bytes:
    """Return the matrix (32, 255) that maps a column to its remainder: column p is x^(254 - p) modulo the generator."""
    generator = np.ones(1, np.uint8)
    for root in powers()[:PARITY_ROWS]:
        generator = np.append(generator, np.uint8(0)) ^ np.append(np.uint8(0), products()[root, generator])
    matrix = np.eye(PARITY_ROWS, _ROWS, DATA_ROWS, dtype=np.uint8)
    for row in range(DATA_ROWS - 1, -1, -1):
        following = matrix[:, row + 1]
        matrix[:, row] = np.append(following[1:], np.uint8(0)) ^ products()[following[0], generator[1:]]
    matrix.flags.writeable = False
    return matrix


@cache
def _encoder() -> Words:
    return linear_tables(_check_matrix()[:, :DATA_ROWS])


def _encode(body: Bytes) -> Bytes:
    """Return each column's parity, shape (C, 32)."""
    columns = _columns(body.size)
    whole = body.size // max(1, columns)
    parity = apply_tables(_encoder(), body[: whole * columns].reshape(whole, columns))
    rest = body[whole * columns :]
    if rest.size:
        parity[: rest.size] ^= apply_tables(_encoder()[256 * whole :], rest[None])
    return parity


def _remainders(body: Bytes, parity: Bytes) -> Bytes:
    """Return computed parity XOR stored parity, shape (C, 32): zero in columns that are intact."""
    return _encode(body) ^ parity.reshape(PARITY_ROWS, -1).T


def _bad_columns(remainders: Bytes) -> _Places:
    return np.flatnonzero(remainders.any(axis=1))


def _holes(stored: Bytes) -> npt.NDArray[np.bool_]:
    """Return which bytes lie in a run of `_HOLE_BYTES` zeros or more."""
    edges = np.flatnonzero(np.diff(stored == 0, prepend=False, append=False)).reshape(-1, 2)
    holes = np.zeros(stored.size, np.bool_)
    for start, end in edges[edges[:, 1] - edges[:, 0] >= _HOLE_BYTES].tolist():
        holes[start:end] = True
    return holes


def _nearest_rows(wrong: Bytes | _Places) -> _Places:
    """Return the `_ERASED_ROWS` rows nearest to wrong ones, these included: a burst begins and ends within a row."""
    distance = np.abs(np.arange(_ROWS)[:, None] - wrong).min(axis=1)
    return np.sort(np.argsort(distance, kind="stable")[:_ERASED_ROWS])


def _scattered(count: int) -> Iterator[int]:
    """Yield 0 to count - 1, each once, any first few of them spread evenly (steps of the golden ratio)."""
    step = max(1, int(count * (math.sqrt(5) - 1) / 2))
    while math.gcd(step, count) != 1:
        step += 1
    return (turn * step % count for turn in range(count))
