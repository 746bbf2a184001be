"""Writing the parity stream of a volume: sums of its sectors first, then parity group by group."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np

from pybackup.host.memory import give_back
from pybackup.layout.guard import Geometry
from pybackup.layout.sums import sector_sums
from pybackup.sector import SECTOR

from .dealing import Dealing, Numbers, runs
from .guarding import Sums, empty_table, guard_sectors
from .partner import LEAST_SECTORS, parity_of, partner_of
from .shards import write_shards
from .volume import Sectors, VolumeWriter, places

_STEP_SECTORS = 1024


def protect(
    volume: Sectors,
    writer: VolumeWriter,
    *,
    step_sectors: int = _STEP_SECTORS,
    least_sectors: int = LEAST_SECTORS,
    progress: Callable[[int], None],
) -> None:
    """Write the stream of a volume whose protected bytes are complete.

    Parameters
    ----------
    volume
        Reads the protected bytes; nothing of the stream is read.
    writer
        Gets the sectors of the stream, in no order.
    step_sectors
        Summed at a time.
    least_sectors
        With fewer data sectors this process does it alone.
    progress
        Called with the number of protected bytes read since the last call; each is read twice where there is parity.
    """
    table, digest = _write_parity(volume, writer, step_sectors, least_sectors, progress)
    # The guard sectors of a large volume take the most of all: what its groups took is not to come on top.
    give_back()
    at = Dealing(volume.geometry).guard_numbers
    for number, sector in guard_sectors(volume.geometry, digest, table):
        writer.write(int(at[number]), sector)


def _write_parity(
    volume: Sectors, writer: VolumeWriter, step_sectors: int, least_sectors: int, progress: Callable[[int], None]
) -> tuple[Sums, bytes]:
    """Write the parity; return the table of all sums, with room for its last slice, and the digest.

    A function of its own, so that what it needs is given back before the guard sectors are made.
    """
    geometry = volume.geometry
    dealing = Dealing(geometry)
    table = empty_table(geometry)
    sums = table[: geometry.sums]
    with partner_of(volume, lambda: _sums_alone(volume, step_sectors), least_sectors=least_sectors) as partner:
        if partner:
            sums[: geometry.data_sectors], digest = partner.sums(
                lambda: digest_of(volume, step_sectors=step_sectors, progress=progress)
            )
        else:
            digest = _sum_data(volume, sums, step_sectors, progress)
        for group in range(geometry.groups):
            parity = partner.encode(group) if partner else parity_of(volume, dealing, group, slice(0, SECTOR))
            progress(geometry.data_shards * SECTOR)
            numbers = dealing.parity_numbers(group)
            write_shards(writer, numbers, parity)
            sums[dealing.table_rows(numbers)] = sector_sums(parity.tobytes(), numbers)
    return table, digest


def _sums_alone(volume: Sectors, step_sectors: int) -> Sums:
    sums = np.zeros(volume.geometry.data_sectors, np.uint32)
    for first, numbers, data in _data(volume, step_sectors):
        sums[first : first + len(numbers)] = sector_sums(data, numbers)
    return sums


def _sum_data(volume: Sectors, sums: Sums, step_sectors: int, progress: Callable[[int], None]) -> bytes:
    """Fill in the sums of all data sectors, and return the SHA-256 of the protected bytes, from the origin on."""
    digest = hashlib.sha256()
    for first, numbers, data in _data(volume, step_sectors):
        sums[first : first + len(numbers)] = sector_sums(data, numbers)
        n_bytes = protected_bytes(volume.geometry, int(numbers[0]), len(numbers))
        digest.update(memoryview(data)[:n_bytes])
        progress(n_bytes)
    return digest.digest()


def _data(volume: Sectors, step_sectors: int) -> Iterator[tuple[int, Numbers, bytes]]:
    """All data sectors from the origin on, some at a time: the row of the first, their numbers, what is in them."""
    dealing = Dealing(volume.geometry)
    shape = volume.geometry
    for begin, end in ((shape.origin, shape.data_sectors), (0, shape.origin)):
        for first in range(begin, end, step_sectors):
            numbers = dealing.table_numbers(first, min(first + step_sectors, end))
            for index, start, count in runs(numbers):
                yield first + index, numbers[index : index + count], volume.read(start, count)


def digest_of(volume: Sectors, *, step_sectors: int = _STEP_SECTORS, progress: Callable[[int], None]) -> bytes:
    """Return the SHA-256 of the protected bytes, from the origin on.

    Raises
    ------
    OSError
        The medium cannot be read.
    """
    geometry = volume.geometry
    digest = hashlib.sha256()
    behind = geometry.before_sectors + geometry.stream_sectors
    for start, end in ((geometry.origin, geometry.before_sectors), (behind, geometry.sectors), (0, geometry.origin)):
        for first in range(start, end, step_sectors):
            count = min(step_sectors, end - first)
            n_bytes = protected_bytes(geometry, first, count)
            digest.update(memoryview(volume.read(first, count))[:n_bytes])
            progress(n_bytes)
    return digest.digest()


def protected_bytes(geometry: Geometry, first: int, count: int) -> int:
    """Return how many bytes the sectors have without the zeros that fill up the last."""
    return sum(place.n_bytes for place in places(geometry, first, count, sidecar=False))
