"""The table of sums as guard sectors, and back from any of them that are enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pybackup.codes.codec import encode, fill
from pybackup.errors import Damaged
from pybackup.layout.guard import PAYLOAD_BYTES, SLICE_SUMS, Geometry, GuardSector

Sums = NDArray[np.uint32]
# Whole blocks of the code, and a part of a payload.
_COLUMNS = 128


def guard_sectors(geometry: Geometry, digest: bytes, sums: Sums) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each guard sector of a volume.

    Parameters
    ----------
    sums
        The whole table; or an `empty_table` that was filled, which saves a copy.
    """
    groups = geometry.guard_groups
    table = _slices(geometry, sums)
    for group in range(groups):
        slices = table[group::groups]
        # Not joined: for large volumes this is where protecting takes the most memory.
        for shard, payload in enumerate(chain(slices, _coded(slices, geometry.guard_recovery))):
            number = shard * groups + group
            yield number, GuardSector(geometry, digest, number, payload.tobytes()).pack()


def _coded(slices: NDArray[np.uint8], recovery: int) -> NDArray[np.uint8]:
    """The parity of slices, made of some columns at a time for the sake of memory."""
    parity = np.empty((recovery, PAYLOAD_BYTES), np.uint8)
    for first in range(0, PAYLOAD_BYTES, _COLUMNS):
        columns = slice(first, first + _COLUMNS)
        parity[:, columns] = encode(np.ascontiguousarray(slices[:, columns]), recovery)
    return parity


def read_slices(geometry: Geometry, payloads: Mapping[int, bytes]) -> Sums:
    """Return the table of sums, as long as its slices are: `guard_sectors` needs no copy of it then.

    Parameters
    ----------
    payloads
        Of the guard sectors that are left, by their numbers.

    Raises
    ------
    Damaged
        They are too few.
    """
    groups, shards = geometry.guard_groups, geometry.table_shards
    # Before anything is allocated: a forged geometry cannot ask for more memory than its own sectors take.
    for group in range(groups):
        if sum(number % groups == group for number in payloads) < shards:
            raise Damaged("too few guard sectors are left to tell the checksums of all others")
    table = np.empty((shards * groups, PAYLOAD_BYTES), np.uint8)
    for group in range(groups):
        known = np.zeros(shards + geometry.guard_recovery, bool)
        known[[number // groups for number in payloads if number % groups == group]] = True
        if known[:shards].all():
            for shard in range(shards):
                table[shard * groups + group] = np.frombuffer(payloads[shard * groups + group], np.uint8)
            continue
        data = np.zeros((shards, PAYLOAD_BYTES), np.uint8)
        parity = np.zeros((geometry.guard_recovery, PAYLOAD_BYTES), np.uint8)
        for number, payload in payloads.items():
            if number % groups == group:
                shard = number // groups
                row = data[shard] if shard < shards else parity[shard - shards]
                row[:] = np.frombuffer(payload, np.uint8)
        fill(data, np.flatnonzero(~known[:shards]), parity, np.flatnonzero(~known[shards:]))
        table[group::groups] = data
    return table.reshape(-1).view("<u4").astype(np.uint32, copy=False)


def empty_table(geometry: Geometry) -> Sums:
    """Return a table of zeros, as long as its slices are."""
    return np.zeros(geometry.table_shards * geometry.guard_groups * SLICE_SUMS, np.uint32)


def _slices(geometry: Geometry, sums: Sums) -> NDArray[np.uint8]:
    """The table in slices, the last one filled up with zeros."""
    table = sums
    if len(sums) == geometry.sums:
        table = empty_table(geometry)
        table[: len(sums)] = sums
    return table.astype("<u4", copy=False).view(np.uint8).reshape(-1, PAYLOAD_BYTES)
