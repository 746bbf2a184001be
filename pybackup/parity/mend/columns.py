"""Columns across the volumes of a set, as they lie in files: which sectors are lost, and how they are restored.

Memory is bounded, however long the shards are; what a column misses has nothing to do with what others miss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pybackup.codes.across import Across
from pybackup.codes.field import Indexes
from pybackup.codes.stripes import Bytes
from pybackup.parity.stream.dealing import runs
from pybackup.parity.stream.volume import Readable
from pybackup.sector import SECTOR

_BUFFER_BYTES = 16 << 20
"""Of all shards together: read at a time."""
_MOST_OF_ONE = 4 << 20
_WINDOW_SECTORS = 1 << 15
_WINDOW_BYTES = 64 << 20

Progress = Callable[[int], None]


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

    They are as long as the longest body, filled up to whole sectors. Some 30 MB of memory are used.

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

    def windows(self) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Yield the first sectors of stretches, and what is lost in them, each as `window` returns it."""
        step = max(8, min(_WINDOW_SECTORS, _WINDOW_BYTES // max(1, self.rows)) // 8 * 8)
        for start in range(0, self.sectors, step):
            yield start, self.window(start, min(step, self.sectors - start))

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
    numbers: Sequence[int],
    losses: Losses,
    write: Callable[[int, int, Bytes], None],
    progress: Progress,
) -> int:
    """Restore lost sectors of bodies, each column for itself; return how many columns are beyond that.

    Columns that miss the same shards are restored together. Memory is bounded, however long the shards are.

    Parameters
    ----------
    shards
        The bodies, then recovery shards; None for one that is not there, which is lost as a whole.
    numbers
        Of these recovery shards, from 0.
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
    for start, lost in losses.windows():
        for pattern, sectors in _patterns(lost, code.bodies):
            missing = np.flatnonzero(pattern[: code.bodies])
            helping = np.flatnonzero(~pattern[code.bodies :])[: len(missing)].tolist()
            if len(helping) < len(missing):
                beyond += len(sectors)
                continue
            for first in range(0, len(sectors), step):
                part = start + sectors[first : first + step]
                width = len(part) * SECTOR
                data, parity = buffer[: code.bodies, :width], buffer[code.bodies :, :width]
                for row in np.flatnonzero(~pattern[: code.bodies]).tolist():
                    _read(shards[row], part, data[row])
                for row, shard in enumerate(helping):
                    _read(shards[code.bodies + shard], part, parity[row])
                code.fill(data, missing, parity, [numbers[shard] for shard in helping])
                for row in missing.tolist():
                    for index, sector, count in runs(part):
                        write(row, sector, data[row, index * SECTOR : (index + count) * SECTOR])
                    losses.found(row, part)
                progress(code.bodies * len(part) * SECTOR)
    return beyond


def encode_lost(
    code: Across,
    shards: Sequence[Shard | None],
    numbers: Sequence[int],
    losses: Losses,
    write: Callable[[int, int, Bytes], None],
) -> int:
    """Make lost sectors of recovery shards again where no body is lost in the column; return how many.

    Parameters
    ----------
    shards, numbers, losses
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
    for start, lost in losses.windows():
        for row in there:
            sectors = np.flatnonzero(lost[row] & ~lost[: code.bodies].any(axis=0)).astype(np.int64)
            for first in range(0, len(sectors), step):
                part = start + sectors[first : first + step]
                data = np.empty((code.bodies, len(part) * SECTOR), np.uint8)
                for body, into in zip(shards[: code.bodies], data, strict=True):
                    _read(body, part, into)
                (shard,) = code.encode(data, [numbers[row - code.bodies]])
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
