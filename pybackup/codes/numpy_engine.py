"""The erasure code in NumPy: slower than the wheel, the same bytes, and always at hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import numpy as np

from pybackup.threads import in_threads

from .field import PERIOD, Indexes, Symbols, scaled
from .form import Form, form_of
from .stripes import Bytes, bytes_of, gathered, stripes, symbols_of
from .transform import Mask, add_derivative, evaluate, interpolate, locator_logarithms

_STRIPE_BYTES = 1 << 25
"""All rows of the stripes under way: 32 MB, 512 bytes of each shard in the largest group."""
_MOST_THREADS = 4
_STRIPE_WIDTH_BYTES = 1024
"""Narrower ones for the sake of threads would be no gain: the tables of products would cost more than they save."""
_ROWS = 1024
"""Rows copied or converted at a time, so that no copy of all of them is made."""
_SCALED_SYMBOLS = 1 << 15
"""Symbols multiplied at a time, which bounds their 8-byte logarithms."""


class NumpyEngine:
    """Encodes and fills by additive Fourier transforms in NumPy; arguments as in `pybackup.codes.codec`."""

    name = "numpy"

    def encode(self, data: Bytes, parity_count: int) -> Bytes:
        """Return the parity, shape (parity_count, width)."""
        form = form_of(len(data), parity_count)
        parity = np.empty((parity_count, data.shape[1]), np.uint8)

        def work_on(stripe: slice) -> None:
            if form.high:
                sums = _ChunkSums(form.chunk, stripe.stop - stripe.start)
                sums.add(data[:, stripe])
                parity[:, stripe] = sums.parity(parity_count)
            else:
                _write_low_parity(data[:, stripe], parity[:, stripe], form.chunk)

        _at_once(work_on, data.shape[1], 2 * form.chunk)
        return parity

    def encode_pieces(
        self, pieces: Iterable[bytes], data_count: int, parity_count: int, width_bytes: int, columns: slice
    ) -> Bytes:
        """Return the parity of the columns, shape (parity_count, columns)."""
        form, width = form_of(data_count, parity_count), columns.stop - columns.start
        if form.high and width <= _STRIPE_WIDTH_BYTES and 2 * form.chunk * width <= _STRIPE_BYTES:
            sums = _ChunkSums(form.chunk, width)
            for piece in pieces:
                sums.add(np.frombuffer(piece, np.uint8).reshape(-1, width_bytes)[:, columns])
            return sums.parity(parity_count)
        return self.encode(gathered(pieces, data_count, width_bytes, columns), parity_count)

    def fill(self, data: Bytes, data_missing: Indexes, parity: Bytes, parity_missing: Indexes) -> None:
        """Fill the missing rows of data, one at least and no more than there are rows of parity."""
        form = form_of(len(data), len(parity))
        known = _known_points(form, len(data), data_missing, len(parity), parity_missing)
        locator = locator_logarithms(~known)
        wanted = np.zeros(form.points, np.bool_)
        wanted[form.data_start + data_missing] = True

        def work_on(stripe: slice) -> None:
            work = np.zeros((form.points, (stripe.stop - stripe.start) // 2), np.uint16)
            _put(work, form.data_start, data[:, stripe])
            _put(work, form.parity_start, parity[:, stripe])
            _recover(work, known, wanted, locator)
            for rows in np.array_split(data_missing, len(data_missing) // _ROWS + 1):
                points = form.data_start + rows
                data[rows, stripe] = bytes_of(scaled(work[points], PERIOD - locator[points, None]))

        _at_once(work_on, data.shape[1], form.points)


def _at_once(work_on: Callable[[slice], None], width_bytes: int, shards: int) -> None:
    """Call ``work_on`` for each stripe of columns, on all processors: NumPy lets go of the interpreter as it computes.

    No codeword spans two columns, so that the bytes do not depend on where stripes end.
    """
    threads = min(_MOST_THREADS, os.cpu_count() or 1)
    width = max(_STRIPE_WIDTH_BYTES, width_bytes // threads)
    parts = list(stripes(width_bytes, shards, min(_STRIPE_BYTES // threads, width * shards)))
    if threads == 1 or len(parts) == 1:
        for part in parts:
            work_on(part)
        return
    in_threads(work_on, parts, threads)


class _ChunkSums:
    """Parity is the polynomial that is the sum of those through each chunk of the data, at the points from 0."""

    def __init__(self, chunk: int, width_bytes: int) -> None:
        self._chunk = chunk
        self._total = np.zeros((chunk, width_bytes // 2), np.uint16)
        self._work = np.zeros((chunk, width_bytes // 2), np.uint16)
        self._first = self._filled = 0

    def add(self, columns: Bytes) -> None:
        """Take the next rows of data, any number of them."""
        while len(columns):
            part = columns[: self._chunk - self._filled]
            _put(self._work, self._filled, part)
            self._filled += len(part)
            columns = columns[len(part) :]
            if self._filled == self._chunk:
                self._add_chunk(None)

    def parity(self, count: int) -> Bytes:
        """Return the parity of all rows, shape (count, width); to be asked for once."""
        if self._filled:
            self._work[self._filled :] = 0
            self._add_chunk(np.arange(self._chunk) < self._filled)
        evaluate(self._total, 0, np.arange(self._chunk) < count)
        return bytes_of(self._total[:count])

    def _add_chunk(self, active: Mask | None) -> None:
        interpolate(self._work, self._chunk + self._first, active)
        self._total ^= self._work
        self._first += self._chunk
        self._filled = 0


def _write_low_parity(columns: Bytes, parity: Bytes, chunk: int) -> None:
    """Parity is the polynomial through the data, at the points from `chunk` on."""
    coefficients, active = _padded(columns, chunk)
    interpolate(coefficients, 0, active)
    for first in range(0, len(parity), chunk):
        part = parity[first : first + chunk]
        work = coefficients.copy()
        evaluate(work, chunk + first, np.arange(chunk) < len(part))
        part[:] = bytes_of(work[: len(part)])


def _padded(columns: Bytes, rows: int) -> tuple[Symbols, Mask]:
    """Symbols with rows of zeros behind them, and which rows are not such."""
    work = np.zeros((rows, columns.shape[1] // 2), np.uint16)
    _put(work, 0, columns)
    return work, np.arange(rows) < len(columns)


def _known_points(
    form: Form, data_count: int, data_missing: Indexes, parity_count: int, parity_missing: Indexes
) -> Mask:
    """Points whose values are known: shards that are there, and zeros that no shard is at."""
    known = np.ones(form.points, np.bool_)
    known[form.data_start + data_missing] = False
    known[form.parity_start + parity_missing] = False
    # Parity that is not stored: up to the chunk in the high form, all that follows in the low one.
    known[form.parity_start + parity_count : form.chunk if form.high else form.points] = False
    return known


def _put(work: Symbols, start: int, columns: Bytes) -> None:
    """Write symbols to rows, a few at a time."""
    for first in range(0, len(columns), _ROWS):
        part = columns[first : first + _ROWS]
        work[start + first : start + first + len(part)] = symbols_of(part)


def _recover(work: Symbols, known: Mask, wanted: Mask, locator: Indexes) -> None:
    """Turn known values into those of the unknown times the locator's derivative, at the wanted points.

    Let f be the polynomial of the codeword and e the locator, whose roots are the unknown points. f e is zero at them
    and known everywhere else. (f e)' = f' e + f e' is f e' at a root of e.
    """
    work[~known] = 0
    rows = max(1, _SCALED_SYMBOLS // work.shape[1])
    for first in range(0, len(work), rows):
        part = slice(first, first + rows)
        work[part] = scaled(work[part], locator[part, None])
    interpolate(work, 0, known)
    add_derivative(work)
    evaluate(work, 0, wanted)
