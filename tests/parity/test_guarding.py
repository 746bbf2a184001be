"""The table of sums from guard sectors: from any that are enough, and never from fewer."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.errors import Damaged
from pybackup.layout.guard import PAYLOAD_BYTES, SLICE_SUMS, Geometry, GuardSector
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.geometry import plan_geometry
from pybackup.parity.stream.guarding import Sums, guard_sectors, read_slices
from pybackup.sector import SECTOR

from .shapes import geometries

DIGEST = bytes(32)


def table_of(geometry: Geometry, seed: int) -> Sums:
    return np.random.default_rng(seed).integers(0, 1 << 32, geometry.sums, dtype=np.uint32)


def payloads_of(geometry: Geometry, table: Sums) -> dict[int, bytes]:
    return {number: GuardSector.unpack(sector).payload for number, sector in guard_sectors(geometry, DIGEST, table)}


@settings(deadline=None)
@given(geometries(), st.integers(0, 2**32))
def test_any_that_are_enough_tell_the_table(geometry: Geometry, seed: int) -> None:
    table = table_of(geometry, seed)
    payloads = payloads_of(geometry, table)
    assert sorted(payloads) == list(range(geometry.guard_sectors))
    source = np.random.default_rng(seed)
    left: dict[int, bytes] = {}
    for group in range(geometry.guard_groups):
        numbers = range(group, geometry.guard_sectors, geometry.guard_groups)
        chosen = source.choice(numbers, geometry.table_shards, replace=False)
        left |= {int(number): payloads[int(number)] for number in chosen}
    assert (read_slices(geometry, left)[: geometry.sums] == table).all()
    for number in left:
        fewer = {other: payload for other, payload in left.items() if other != number}
        with pytest.raises(Damaged, match="too few guard sectors"):
            read_slices(geometry, fewer)


def test_first_slices_are_the_table_itself() -> None:
    """FORMAT.md: with the data shards whole no code is needed to read the sums."""
    geometry = Geometry(SECTOR * 1500, 0, 0, 0, 0, 0, 2, 4, 0, 4)
    table = table_of(geometry, 1)
    payloads = payloads_of(geometry, table)
    plain = table.astype("<u4").tobytes().ljust(4 * PAYLOAD_BYTES, b"\0")
    for number in range(4):
        assert payloads[number] == plain[number * PAYLOAD_BYTES : (number + 1) * PAYLOAD_BYTES]


@pytest.mark.parametrize("n_sectors", [SLICE_SUMS * 7, SLICE_SUMS * 40 + 1])
def test_each_of_the_three_places_tells_the_table_alone(n_sectors: int) -> None:
    geometry = plan_geometry(n_sectors * SECTOR, 0, Amount(share=Fraction(1, 10)))
    table = table_of(geometry, 2)
    payloads = payloads_of(geometry, table)
    middle = geometry.front + geometry.spread
    for numbers in (range(geometry.front), range(geometry.front, middle), range(middle, geometry.guard_sectors)):
        assert (read_slices(geometry, {number: payloads[number] for number in numbers})[: geometry.sums] == table).all()


def test_table_in_several_guard_groups() -> None:
    """As that of a volume beyond 16 GB; here with few slices in each."""
    geometry = Geometry(SECTOR * 5000, 7, 10, 501, 50, 1, 3, 12, 6, 3)
    assert (geometry.table_shards, geometry.guard_recovery) == (4, 3)
    table = table_of(geometry, 3)
    payloads = payloads_of(geometry, table)
    for lost in ({0, 3, 6}, {1, 4, 20}, {2, 5, 8, 0, 1, 3, 4}):
        left = {number: payload for number, payload in payloads.items() if number not in lost}
        assert (read_slices(geometry, left)[: geometry.sums] == table).all()
    with pytest.raises(Damaged, match="too few"):
        read_slices(geometry, {number: payload for number, payload in payloads.items() if number not in {2, 5, 8, 11}})
