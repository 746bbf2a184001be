"""Which sector is which shard: against a table that is counted out, and the bound for bursts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.protected import erasures, shards_of

from pybackup.layout.guard import Geometry
from pybackup.parity.mend.copies import damaged_groups
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.dealing import NOWHERE, Dealing, runs
from pybackup.parity.stream.geometry import plan_geometry
from pybackup.sector import SECTOR

from .shapes import geometries


@given(geometries())
def test_every_sector_is_one_shard_of_one_group(geometry: Geometry) -> None:
    dealing = Dealing(geometry)
    expected = shards_of(geometry)
    assert len(expected) == geometry.sectors
    found: dict[int, tuple[str, int, int]] = {}
    for group in range(geometry.groups):
        for kind, numbers in (("data", dealing.data_numbers(group)), ("parity", dealing.parity_numbers(group))):
            stored = [(number, shard) for shard, number in enumerate(numbers.tolist()) if number != NOWHERE]
            assert not found.keys() & dict(stored).keys()
            found |= {number: (kind, group, shard) for number, shard in stored}
    guards = dealing.guard_numbers.tolist()
    assert not found.keys() & set(guards)
    found |= {number: ("guard", 0, guard) for guard, number in enumerate(guards)}
    if not geometry.groups:
        found |= {number: shard for number, shard in enumerate(expected) if shard[0] == "data"}
    assert [found[number] for number in range(geometry.sectors)] == expected


@given(geometries())
def test_guards_lie_in_the_stream_and_in_the_order_of_their_numbers(geometry: Geometry) -> None:
    numbers = Dealing(geometry).guard_numbers
    assert len(numbers) == geometry.guard_sectors
    assert (np.diff(numbers) > 0).all()
    start, end = geometry.before_sectors, geometry.before_sectors + geometry.stream_sectors
    assert ((numbers >= start) & (numbers < end)).all()
    assert numbers[: geometry.front].tolist() == list(range(start, start + geometry.front))
    assert numbers[geometry.front + geometry.spread :].tolist() == list(range(end - geometry.back, end))


@given(geometries())
def test_rows_of_the_table_are_the_sectors_without_the_guards(geometry: Geometry) -> None:
    dealing = Dealing(geometry)
    shards = shards_of(geometry)
    numbers = dealing.table_numbers(0, geometry.sums)
    data = [number for number, shard in enumerate(shards) if shard[0] == "data"]
    parity = [number for number, shard in enumerate(shards) if shard[0] == "parity"]
    assert numbers.tolist() == data + parity
    assert dealing.table_rows(numbers).tolist() == list(range(geometry.sums))
    assert (dealing.table_rows(dealing.guard_numbers) == NOWHERE).all()


@given(geometries(), st.data())
def test_any_part_of_the_table_is_cut_out_of_the_whole(geometry: Geometry, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, geometry.sums))
    last = data.draw(st.integers(first, geometry.sums))
    dealing = Dealing(geometry)
    whole = dealing.table_numbers(0, geometry.sums)
    assert dealing.table_numbers(first, last).tolist() == whole[first:last].tolist()


@given(geometries(parity=True))
def test_groups_of_rows_are_those_that_hold_them(geometry: Geometry) -> None:
    dealing = Dealing(geometry)
    rows = np.arange(geometry.sums)
    shards = shards_of(geometry)
    expected = [shards[number][1] for number in dealing.table_numbers(0, geometry.sums).tolist()]
    assert dealing.groups_of(rows).tolist() == expected
    missing = np.arange(0, geometry.sectors, 3)
    counts = erasures(geometry, missing.tolist())
    assert damaged_groups(dealing, missing).tolist() == [counts[group] for group in range(geometry.groups)]


@given(geometries(parity=True), st.data())
def test_a_burst_hits_all_groups_alike(geometry: Geometry, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, geometry.sectors))
    start = data.draw(st.integers(0, geometry.sectors - length))
    worst = max(erasures(geometry, range(start, start + length)).values(), default=0)
    assert worst <= -(-length // geometry.groups) + 2 * geometry.run


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1 << 20, 1 << 29), st.integers(0, 1 << 20), st.sampled_from([512, 4096, 65_536]), st.integers(0, 2**32)
)
def test_a_burst_hits_all_groups_alike_in_planned_volumes(
    before: int, after: int, group_sectors: int, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    before = before // SECTOR * SECTOR
    geometry = plan_geometry(before, after, Amount(n_bytes=before // 12), group_sectors=group_sectors)
    dealing = Dealing(geometry)
    for _ in range(4):
        length = int(chance.integers(1, geometry.sectors + 1))
        start = int(chance.integers(0, geometry.sectors - length + 1))
        counts = damaged_groups(dealing, np.arange(start, start + length))
        assert int(counts.max()) <= -(-length // geometry.groups) + (geometry.groups > 1) * 2 * geometry.run


@given(st.lists(st.integers(-1, 30), unique=True))
def test_runs_are_stretches_of_neighbours(numbers: list[int]) -> None:
    array = np.array(numbers, np.int64)
    found: list[tuple[int, int]] = []
    for index, first, length in runs(array):
        assert length > 0
        found += [(index + step, first + step) for step in range(length)]
    assert found == [(index, number) for index, number in enumerate(numbers) if number != NOWHERE]
    assert len(runs(array)) == sum(
        number != NOWHERE and (index == 0 or numbers[index - 1] + 1 != number or numbers[index - 1] == NOWHERE)
        for index, number in enumerate(numbers)
    )


def test_shards_that_are_nowhere_are_no_run() -> None:
    assert runs(np.array([NOWHERE, NOWHERE, 0, 1, NOWHERE])) == [(2, 0, 2)]
    assert runs(np.array([NOWHERE, 0])) == [(1, 0, 1)]


@pytest.mark.parametrize("n_sectors", [40_000, 700_000])
def test_every_sector_of_a_large_volume_is_one_shard(n_sectors: int) -> None:
    geometry = plan_geometry(n_sectors * SECTOR, 5 * SECTOR, Amount(n_bytes=n_sectors * 150))
    dealing = Dealing(geometry)
    seen = np.zeros(geometry.sectors, np.int64)
    for group in range(geometry.groups):
        for numbers in (dealing.data_numbers(group), dealing.parity_numbers(group)):
            stored = numbers[numbers != NOWHERE]
            seen[stored] += 1
            assert (dealing.groups_of(dealing.table_rows(stored)) == group).all()
    seen[dealing.guard_numbers] += 1
    assert Counter(seen.tolist()) == {1: geometry.sectors}
