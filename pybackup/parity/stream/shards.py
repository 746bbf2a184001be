"""Reading sectors into rows of arrays, and writing them from there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pybackup.codes.stripes import gathered
from pybackup.sector import SECTOR

from .dealing import Numbers, runs
from .volume import Sectors, VolumeWriter

_STEP_SECTORS = 1024


def read_pieces(volume: Sectors, numbers: Numbers) -> Iterator[bytes]:
    """Yield sectors in the order of their numbers, many at a time as one; zeros for those that are nowhere.

    Raises
    ------
    OSError
        The medium cannot be read.
    """
    done = 0
    for index, first, count in runs(numbers):
        if index > done:
            yield bytes((index - done) * SECTOR)
        for step in range(0, count, _STEP_SECTORS):
            yield volume.read(first + step, min(_STEP_SECTORS, count - step))
        done = index + count
    if done < len(numbers):
        yield bytes((len(numbers) - done) * SECTOR)


def read_shards(volume: Sectors, numbers: Numbers) -> NDArray[np.uint8]:
    """Return the same as the rows of an array (n, 2048)."""
    return gathered(read_pieces(volume, numbers), len(numbers), SECTOR, slice(0, SECTOR))


def write_shards(writer: VolumeWriter, numbers: Numbers, shards: NDArray[np.uint8]) -> None:
    """Write rows of an array (n, 2048) to their sectors."""
    for index, first, count in runs(numbers):
        writer.write(first, shards[index : index + count].tobytes())
