"""Writing the parity stream of a volume: sums of its sectors first, then parity group by group."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import SECTOR, Geometry
from pybackup.layout.sums import sector_sums

from .codec import encode
from .dealing import NOWHERE, Dealing, Numbers, runs
from .guarding import Sums, guard_sectors
from .volume import Volume, VolumeWriter, places

_STEP_SECTORS = 1024


def protect(volume: Volume, writer: VolumeWriter, *, progress: Callable[[int], None]) -> None:
    """Write the stream of a volume whose protected bytes are complete.

    Parameters
    ----------
    volume
        Reads the protected bytes; nothing of the stream is read.
    writer
        Gets the sectors of the stream, in no order.
    progress
        Called with the number of protected bytes read since the last call; each is read twice where there is parity.
    """
    geometry = volume.geometry
    sums = np.zeros(geometry.sums, np.uint32)
    digest = _sum_data(volume, sums, progress)
    dealing = Dealing(geometry)
    # One for all groups: new memory costs as much as reading into it.
    data = np.empty((geometry.data_shards, SECTOR), np.uint8)
    for group in range(geometry.groups):
        numbers = dealing.data_numbers(group)
        read_shards(volume, numbers, into=data)
        progress(data.nbytes)
        parity = encode(data, geometry.parity_shards)
        numbers = dealing.parity_numbers(group)
        write_shards(writer, numbers, parity)
        sums[dealing.table_rows(numbers)] = sector_sums(parity.tobytes(), numbers)
    at = dealing.guard_numbers
    for number, sector in guard_sectors(geometry, digest, sums):
        writer.write(int(at[number]), sector)


def _sum_data(volume: Volume, sums: Sums, progress: Callable[[int], None]) -> bytes:
    """Fill in the sums of all data sectors, and return the SHA-256 of the protected bytes."""
    geometry = volume.geometry
    digest = hashlib.sha256()
    dealing = Dealing(geometry)
    for first in range(0, geometry.data_sectors, _STEP_SECTORS):
        last = min(first + _STEP_SECTORS, geometry.data_sectors)
        numbers = dealing.table_numbers(first, last)
        for index, start, count in runs(numbers):
            data = volume.read(start, count)
            sums[first + index : first + index + count] = sector_sums(data, numbers[index : index + count])
            n_bytes = protected_bytes(geometry, start, count)
            digest.update(memoryview(data)[:n_bytes])
            progress(n_bytes)
    return digest.digest()


def digest_of(volume: Volume, *, progress: Callable[[int], None]) -> bytes:
    """Return the SHA-256 of the protected bytes.

    Raises
    ------
    OSError
        The medium cannot be read.
    """
    geometry = volume.geometry
    digest = hashlib.sha256()
    behind = geometry.before_sectors + geometry.stream_sectors
    for start, end in ((0, geometry.before_sectors), (behind, geometry.sectors)):
        for first in range(start, end, _STEP_SECTORS):
            count = min(_STEP_SECTORS, end - first)
            n_bytes = protected_bytes(geometry, first, count)
            digest.update(memoryview(volume.read(first, count))[:n_bytes])
            progress(n_bytes)
    return digest.digest()


def protected_bytes(geometry: Geometry, first: int, count: int) -> int:
    """Return how many bytes the sectors have without the zeros that fill up the last."""
    return sum(place.n_bytes for place in places(geometry, first, count, sidecar=False))


def read_shards(volume: Volume, numbers: Numbers, *, into: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Return sectors as the rows of an array (n, 2048), zeros for those that are nowhere.

    Parameters
    ----------
    into
        The array to use; a new one for None.

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
            shards[index + step : index + step + part] = data.reshape(-1, SECTOR)
    return shards


def write_shards(writer: VolumeWriter, numbers: Numbers, shards: NDArray[np.uint8]) -> None:
    """Write rows of an array (n, 2048) to their sectors."""
    for index, first, count in runs(numbers):
        writer.write(first, shards[index : index + count].tobytes())
