"""The code across volumes: of N bodies and any number of recovery shards, any N tell the others.

Bodies are filled up with zeros to the longest. A *column* is one sector of each shard, at the same place of all;
columns have nothing to do with each other, so each may miss other shards. The code is that of `codec` in its low form
whatever the counts, so that recovery shard j does not depend on how many there are: it can be made years later.

Rows are numbered: 0 to N - 1 the bodies, N + j recovery shard j.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import SECTOR

from .codec import Engine, default_engine
from .dealing import runs
from .field import ORDER, Indexes, Symbols, inverse, product_table
from .form import pow2
from .stripes import BLOCK_BYTES, Bytes, bytes_of, stripes, symbols_of
from .volume import Readable

_BUFFER_BYTES = 32 << 20
"""Of all shards together: read at a time."""
_MOST_OF_ONE = 4 << 20
_STRIPE_BYTES = 1 << 16
"""Of each shard, coded at a time. Measured: 256 KiB leaves the cache and is 25 % slower, 16 KiB halves decoding."""
_CODED_BYTES = 16 << 20
_WINDOW_SECTORS = 1 << 15
_BLOCK_SYMBOLS = BLOCK_BYTES // 2

Progress = Callable[[int], None]


def has_code_across(bodies: int, shards: int) -> bool:
    """Whether so many recovery shards can be made of so many bodies."""
    return bodies >= 1 and pow2(bodies) + max(shards, pow2(bodies) // 2 + 1) <= ORDER


@dataclass(frozen=True, slots=True)
class Across:
    """The code of a set of ``bodies`` data volumes; arrays are `u8`, their width a multiple of 64.

    Raises
    ------
    ValueError
        There are more than the field has elements for.
    """

    bodies: int
    engine: Engine = field(default_factory=default_engine)

    def __post_init__(self) -> None:
        if not has_code_across(self.bodies, 1):
            raise ValueError(f"no code across {self.bodies} volumes")

    def encode(self, data: Bytes, numbers: Sequence[int]) -> Bytes:
        """Return recovery shards, shape (len(numbers), width).

        Parameters
        ----------
        data
            Shape (bodies, width).
        numbers
            Which recovery shards, from 0.

        Raises
        ------
        ValueError
            One of them is beyond what the field has elements for.
        """
        declared = self._declared(numbers)
        made = np.empty((len(numbers), data.shape[1]), np.uint8)
        for stripe in self._stripes(data.shape[1], declared):
            made[:, stripe] = self.engine.encode(data[:, stripe], declared)[list(numbers)]
        return made

    def fill(self, data: Bytes, missing: Indexes, parity: Bytes, numbers: Sequence[int]) -> None:
        """Restore the missing rows of ``data`` in place.

        Parameters
        ----------
        data
            Shape (bodies, width); what missing rows hold is not looked at.
        missing
            Which rows, ascending.
        parity
            Shape (len(numbers), width).
        numbers
            Which recovery shards these are: at least as many as rows are missing.

        Raises
        ------
        ValueError
            They are fewer, or one is beyond what the field has elements for.
        """
        if len(numbers) < len(missing):
            raise ValueError(f"{len(missing)} volumes are missing, {len(numbers)} recovery volumes are there")
        numbers = numbers[: len(missing)]
        if len(missing) ** 2 <= self.bodies:
            # Measured: a factor costs what decoding costs for one shard.
            self._solve(data, missing, parity, numbers)
            return
        declared = self._declared(numbers)
        absent = np.setdiff1d(np.arange(declared), numbers)
        for stripe in self._stripes(data.shape[1], declared):
            given = np.zeros((declared, stripe.stop - stripe.start), np.uint8)
            given[list(numbers)] = parity[: len(numbers), stripe]
            self.engine.fill(data[:, stripe], missing, given, absent)

    def _solve(self, data: Bytes, missing: Indexes, parity: Bytes, numbers: Sequence[int]) -> None:
        """Restore few rows: what the shards lack without them is a sum of them with known factors."""
        data[missing] = 0
        lacking = self.encode(data, numbers)
        lacking ^= parity[: len(numbers)]
        factors = inverse(self.factors(numbers)[:, missing])
        for stripe in stripes(data.shape[1], 1, _STRIPE_BYTES):
            parts = [symbols_of(np.ascontiguousarray(row[None, stripe]))[0] for row in lacking]
            for row, line in zip(missing.tolist(), factors.tolist(), strict=True):
                total = np.zeros_like(parts[0])
                for factor, part in zip(line, parts, strict=True):
                    total ^= np.take(product_table(factor), part, mode="clip")
                data[row, stripe] = bytes_of(total[None])[0]

    def factors(self, numbers: Sequence[int]) -> Symbols:
        """Return by what each body is multiplied in each of some shards: shape (len(numbers), bodies)."""
        ones = np.zeros((self.bodies, -(-self.bodies // _BLOCK_SYMBOLS) * _BLOCK_SYMBOLS), np.uint16)
        ones[np.arange(self.bodies), np.arange(self.bodies)] = 1
        return symbols_of(self.encode(bytes_of(ones), numbers))[:, : self.bodies]

    def _declared(self, numbers: Sequence[int]) -> int:
        """How many shards the code is asked for, so that it takes the low form: those that are not wanted are lost."""
        declared = max(max(numbers, default=0) + 1, pow2(self.bodies) // 2 + 1)
        if not has_code_across(self.bodies, declared):
            raise ValueError(f"no recovery shard {max(numbers)} of {self.bodies} volumes")
        return declared

    def _stripes(self, width: int, declared: int) -> Iterator[slice]:
        rows = self.bodies + declared
        return stripes(width, rows, max(rows * BLOCK_BYTES, min(rows * _STRIPE_BYTES, _CODED_BYTES)))


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard as it lies in a file: ``n_bytes`` from ``start`` on, then zeros for ever."""

    file: Readable
    start: int
    n_bytes: int

    def read(self, into: Bytes, first: int) -> None:
        """Read from sector ``first`` on into an array, shape (width,); zeros for what the file does not have.

        Raises
        ------
        OSError
            The medium cannot be read there.
        """
        at = first * SECTOR
        wanted = max(0, min(len(into), self.n_bytes - at))
        data = self.file.read_at(self.start + at, wanted) if wanted else b""
        into[: len(data)] = np.frombuffer(data, np.uint8)
        into[len(data) :] = 0


def encode_across(
    code: Across, bodies: Sequence[Shard], numbers: Sequence[int], progress: Progress
) -> Iterator[tuple[int, Bytes]]:
    """Yield recovery shards, some sectors of all at a time: their offset in the shard, and shape (len(numbers), width).

    They are as long as the longest body, filled up to whole sectors. Some 80 MB of memory are used.

    Parameters
    ----------
    progress
        Called with the number of bytes of all bodies that are done.

    Raises
    ------
    OSError
        A medium cannot be read.
    """
    sectors = max((sectors_of(body.n_bytes) for body in bodies), default=0)
    step = _step_sectors(len(bodies) + len(numbers))
    buffer = np.empty((len(bodies), step * SECTOR), np.uint8)
    for first in range(0, sectors, step):
        count = min(step, sectors - first)
        data = buffer[:, : count * SECTOR]
        for row, body in zip(data, bodies, strict=True):
            body.read(row, first)
        yield first * SECTOR, code.encode(data, numbers)
        progress(sum(max(0, min(count * SECTOR, body.n_bytes - first * SECTOR)) for body in bodies))


class Losses:
    """Which sectors of which shards are lost, one bit each.

    Parameters
    ----------
    rows
        How many shards.
    sectors
        Of the longest.
    """

    def __init__(self, rows: int, sectors: int) -> None:
        self.rows, self.sectors = rows, sectors
        self._bits = np.zeros((rows, -(-sectors // 8)), np.uint8)

    def of(self, row: int) -> NDArray[np.intp]:
        """Return the lost sectors of a shard, ascending."""
        return np.flatnonzero(np.unpackbits(self._bits[row], count=self.sectors))

    def count(self, row: int) -> int:
        """Return how many sectors of a shard are lost."""
        return int(np.unpackbits(self._bits[row], count=self.sectors).sum())

    def put(self, row: int, lost: NDArray[np.bool_]) -> None:
        """Say for the first sectors of a shard whether they are lost; those behind them are zeros, and known."""
        packed = np.packbits(lost)
        self._bits[row] = 0
        self._bits[row, : len(packed)] = packed

    def window(self, first: int, count: int) -> NDArray[np.bool_]:
        """Return what is lost among ``count`` sectors, shape (rows, count); ``first`` is a multiple of 8."""
        part = self._bits[:, first // 8 : -(-(first + count) // 8)]
        return np.unpackbits(part, axis=1, count=count).astype(bool)

    def found(self, row: int, sectors: Indexes) -> None:
        """Take sectors of a shard for lost no longer."""
        np.bitwise_and.at(self._bits[row], sectors // 8, ~(0x80 >> (sectors % 8)).astype(np.uint8))


def fill_across(
    code: Across,
    shards: Sequence[Shard | None],
    losses: Losses,
    write: Callable[[int, int, Bytes], None],
    progress: Progress,
) -> int:
    """Restore lost sectors of bodies, each column for itself; return how many columns are beyond that.

    Columns that miss the same shards are restored together. Memory is bounded, however long the shards are.

    Parameters
    ----------
    shards
        The bodies, then the recovery shards from number 0 on; None for one that is not there, which is lost as a whole.
    losses
        For all of these; what was restored is lost no longer.
    write
        Gets the row of a body, the first sector, and neighbouring sectors that were restored: shape (width,).
    progress
        Called with the number of bytes of shards read.

    Raises
    ------
    OSError
        A medium cannot be read or written.
    """
    beyond = 0
    step = _step_sectors(len(shards))
    # One for all: new memory costs as much as reading into it.
    buffer = np.empty((len(shards), step * SECTOR), np.uint8)
    for start in range(0, losses.sectors, _WINDOW_SECTORS):
        lost = losses.window(start, min(_WINDOW_SECTORS, losses.sectors - start))
        for pattern, sectors in _patterns(lost, code.bodies):
            missing = np.flatnonzero(pattern[: code.bodies])
            numbers = np.flatnonzero(~pattern[code.bodies :])[: len(missing)].tolist()
            if len(numbers) < len(missing):
                beyond += len(sectors)
                continue
            for first in range(0, len(sectors), step):
                part = start + sectors[first : first + step]
                width = len(part) * SECTOR
                data, parity = buffer[: code.bodies, :width], buffer[code.bodies :, :width]
                for row in np.flatnonzero(~pattern[: code.bodies]).tolist():
                    _read(shards[row], part, data[row])
                for row, number in enumerate(numbers):
                    _read(shards[code.bodies + number], part, parity[row])
                code.fill(data, missing, parity, numbers)
                for row in missing.tolist():
                    for index, sector, count in runs(part):
                        write(row, sector, data[row, index * SECTOR : (index + count) * SECTOR])
                    losses.found(row, part)
                progress(code.bodies * len(part) * SECTOR)
    return beyond


def encode_lost(
    code: Across, shards: Sequence[Shard | None], losses: Losses, write: Callable[[int, int, Bytes], None]
) -> int:
    """Make lost sectors of recovery shards again where no body is lost in the column; return how many.

    Parameters
    ----------
    shards, losses
        As in `fill_across`; a shard that is not there is left out.
    write
        Gets the row of the recovery shard.

    Raises
    ------
    OSError
        A medium cannot be read or written.
    """
    made = 0
    step = _step_sectors(len(shards))
    there = [row for row in range(code.bodies, len(shards)) if shards[row] is not None]
    for start in range(0, losses.sectors, _WINDOW_SECTORS):
        lost = losses.window(start, min(_WINDOW_SECTORS, losses.sectors - start))
        for row in there:
            sectors = np.flatnonzero(lost[row] & ~lost[: code.bodies].any(axis=0)).astype(np.int64)
            for first in range(0, len(sectors), step):
                part = start + sectors[first : first + step]
                data = np.empty((code.bodies, len(part) * SECTOR), np.uint8)
                for body, into in zip(shards[: code.bodies], data, strict=True):
                    _read(body, part, into)
                (shard,) = code.encode(data, [row - code.bodies])
                for index, sector, count in runs(part):
                    write(row, sector, shard[index * SECTOR : (index + count) * SECTOR])
                losses.found(row, part)
                made += len(part)
    return made


def _patterns(lost: NDArray[np.bool_], bodies: int) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.int64]]]:
    """Yield which shards are lost, shape (rows,), and in which columns just these: those in which a body is."""
    columns = np.flatnonzero(lost[:bodies].any(axis=0)).astype(np.int64)
    if not len(columns):
        return
    patterns, which = np.unique(lost[:, columns], axis=1, return_inverse=True)
    which = which.reshape(-1)
    for number in range(patterns.shape[1]):
        yield patterns[:, number], columns[which == number]


def _read(shard: Shard | None, sectors: NDArray[np.int64], into: Bytes) -> None:
    assert shard is not None, "a shard that is not there is lost"
    for index, first, count in runs(sectors):
        shard.read(into[index * SECTOR : (index + count) * SECTOR], first)


def sectors_of(n_bytes: int) -> int:
    """Return how many sectors so many bytes take."""
    return -(-n_bytes // SECTOR)


def _step_sectors(rows: int) -> int:
    return max(1, min(_BUFFER_BYTES // max(1, rows), _MOST_OF_ONE) // SECTOR)
