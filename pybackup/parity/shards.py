"""Sectors as rows of arrays: read and written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import SECTOR

from .dealing import NOWHERE, Numbers, runs
from .volume import Volume, VolumeWriter

_STEP_SECTORS = 1024
_ALL = slice(0, SECTOR)


def read_shards(
    volume: Volume, numbers: Numbers, *, into: NDArray[np.uint8] | None = None, columns: slice = _ALL
) -> NDArray[np.uint8]:
    """Return sectors as the rows of an array (n, 2048), zeros for those that are nowhere.

    Parameters
    ----------
    into
        The array to use, as wide as the columns; a new one for None.
    columns
        Which bytes of each sector.

    Raises
    ------
    OSError
        The medium cannot be read.
    """
    shards = np.empty((len(numbers), SECTOR), np.uint8) if into is None else into
    shards[numbers == NOWHERE] = 0
    for index, first, count in runs(numbers):
        for step in range(0, count, _STEP_SECTORS):
            part = min(_STEP_SECTORS, count - step)
            data = np.frombuffer(volume.read(first + step, part), np.uint8)
            shards[index + step : index + step + part] = data.reshape(-1, SECTOR)[:, columns]
    return shards


def write_shards(writer: VolumeWriter, numbers: Numbers, shards: NDArray[np.uint8]) -> None:
    """Write rows of an array (n, 2048) to their sectors."""
    for index, first, count in runs(numbers):
        writer.write(first, shards[index : index + count].tobytes())
