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
    by_group: list[dict[int, bytes]] = [{} for _ in range(groups)]
    for number, payload in payloads.items():
        by_group[number % groups][number // groups] = payload
    # Before anything is allocated: a forged geometry cannot ask for more memory than its own sectors take.
    if any(len(known) < shards for known in by_group):
        raise Damaged("too few guard sectors are left to tell the checksums of all others")
    table = np.empty((shards * groups, PAYLOAD_BYTES), np.uint8)
    for group, known in enumerate(by_group):
        table[group::groups] = _slices_of_group(geometry, known)
    return table.reshape(-1).view("<u4").astype(np.uint32, copy=False)


def _slices_of_group(geometry: Geometry, known: Mapping[int, bytes]) -> NDArray[np.uint8]:
    """The slices of a guard group, of the payloads of some of its shards: shape (table_shards, 1920)."""
    shards = geometry.table_shards
    data = np.zeros((shards, PAYLOAD_BYTES), np.uint8)
    is_known = np.zeros(shards + geometry.guard_recovery, bool)
    is_known[list(known)] = True
    missing = np.flatnonzero(~is_known[:shards])
    parity = np.zeros((geometry.guard_recovery if len(missing) else 0, PAYLOAD_BYTES), np.uint8)
    for shard, payload in known.items():
        if shard < shards:
            data[shard] = np.frombuffer(payload, np.uint8)
        elif len(missing):
            parity[shard - shards] = np.frombuffer(payload, np.uint8)
    if len(missing):
        fill(data, missing, parity, np.flatnonzero(~is_known[shards:]))
    return data


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
