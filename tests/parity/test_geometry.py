"""Planning: the amount that was asked for, in groups as large as they may be, for volumes of any size."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.errors import UsageError
from pybackup.layout.guard import MAX_SHARDS, Geometry, has_code
from pybackup.parity.odds.chance import Scattering
from pybackup.parity.odds.forecast import LIKELY, Structures
from pybackup.parity.stream.amount import DEFAULT_AMOUNT, NO_PARITY, Amount
from pybackup.parity.stream.geometry import DEFAULT_GROUP_SECTORS, plan_geometry
from pybackup.sector import SECTOR

GB = 10**9
_group_sectors = st.integers(2, 300) | st.integers(2, DEFAULT_GROUP_SECTORS)


def check(geometry: Geometry, group_sectors: int) -> None:
    """What must hold of every plan; the rules of `Geometry` held when it was made."""
    assert geometry.data_shards + geometry.parity_shards <= group_sectors
    assert has_code(geometry.data_shards, geometry.parity_shards)
    assert geometry.groups * geometry.data_shards >= geometry.data_sectors
    assert geometry.groups * geometry.run <= geometry.data_sectors or geometry.run == 1, "no group is without data"
    assert geometry.groups <= geometry.data_sectors
    # The table can be told from either end of the stream alone, and from what stands among the parity.
    slices = geometry.table_shards * geometry.guard_groups
    assert geometry.front == geometry.back == slices
    if geometry.groups:
        assert geometry.spread >= max(slices, min(12, geometry.parity_sectors))


@settings(deadline=None)
@given(st.integers(0, 1 << 36), st.integers(0, 1 << 22), st.fractions(0, 1).filter(bool), _group_sectors)
def test_share_of_the_data_is_rounded_up(before: int, after: int, share: Fraction, group_sectors: int) -> None:
    before = max(1, before // SECTOR) * SECTOR
    try:
        geometry = plan_geometry(before, after, Amount(share=share), group_sectors=group_sectors)
    except UsageError:
        assert share > Fraction(1, 2) or group_sectors < 12
        return
    check(geometry, group_sectors)
    assert geometry.parity_sectors >= geometry.data_sectors * share
    # One sector of each group at most is more than what was asked for.
    assert geometry.parity_sectors - geometry.data_sectors * share < geometry.groups + 1


@settings(deadline=None)
@given(st.integers(1, 1 << 34), st.integers(1, 1 << 32), _group_sectors)
def test_bytes_of_parity(before: int, n_bytes: int, group_sectors: int) -> None:
    try:
        geometry = plan_geometry(before, 0, Amount(n_bytes=n_bytes), sidecar=True, group_sectors=group_sectors)
    except UsageError:
        assert n_bytes * 2 > before or group_sectors < 12
        return
    check(geometry, group_sectors)
    assert geometry.parity_sectors >= n_bytes // SECTOR
    assert geometry.parity_sectors < max(1, n_bytes // SECTOR) + geometry.groups


@settings(deadline=None)
@given(st.integers(1, 1 << 32), st.integers(0, 1 << 20), st.integers(0, 1 << 31), _group_sectors, st.booleans())
def test_filling_a_medium(before: int, after: int, room: int, group_sectors: int, sidecar: bool) -> None:
    before = before if sidecar else -(-before // SECTOR) * SECTOR
    after = 0 if sidecar else after
    least = plan_geometry(before, after, NO_PARITY, sidecar=sidecar).volume_bytes
    size = least + room
    geometry = plan_geometry(before, after, Amount(fill_bytes=size), sidecar=sidecar, group_sectors=group_sectors)
    assert geometry.volume_bytes <= size
    if geometry.groups:
        check(geometry, group_sectors)
    # One more sector in each group, and what guards them, would be too much, or no group could hold it.
    parity_sectors = geometry.parity_sectors + 1
    try:
        more = plan_geometry(
            before, after, Amount(n_bytes=parity_sectors * SECTOR), sidecar=sidecar, group_sectors=group_sectors
        )
    except UsageError:
        return
    assert more.volume_bytes > size


def test_a_medium_is_filled_but_for_one_sector_a_group() -> None:
    geometry = plan_geometry(650 * 10**6 // SECTOR * SECTOR, 5000, Amount(fill_bytes=700 * 10**6))
    assert 700 * 10**6 - geometry.volume_bytes < (geometry.groups + 1) * SECTOR


@pytest.mark.parametrize("gigabytes", [0.7, 4.7, 25, 100, 1000, 20_000])
def test_large_volumes_have_a_geometry(gigabytes: float) -> None:
    for share in (Fraction(1, 100), Fraction(1, 10), Fraction(1, 2), Fraction(1)):
        geometry = plan_geometry(int(gigabytes * GB) // SECTOR * SECTOR, 5000, Amount(share=share))
        check(geometry, DEFAULT_GROUP_SECTORS)
        # As few groups as the field allows, but for one in thirty: burst and scatter are shared by all of a group.
        sectors = geometry.data_sectors + geometry.parity_sectors
        assert geometry.groups <= 2 if sectors < 70_000 else geometry.groups * MAX_SHARDS < 2.2 * sectors
        # Guards cost little: some 0.7 % of the volume.
        assert geometry.guard_sectors * 130 < geometry.sectors


def test_the_groups_of_usual_discs() -> None:
    cases = [(100 * 10**6, 1), (630 * 10**6, 6), (4 * GB, 35), (23 * GB, 196)]
    found = [plan_geometry(size // SECTOR * SECTOR, 5000, DEFAULT_AMOUNT) for size, _ in cases]
    assert [geometry.groups for geometry in found] == [groups for _, groups in cases]


def test_without_parity_there_are_guards_only() -> None:
    geometry = plan_geometry(SECTOR * 1000, 0, NO_PARITY)
    assert (geometry.groups, geometry.data_shards, geometry.parity_shards, geometry.run) == (0, 0, 0, 0)
    assert (geometry.front, geometry.spread, geometry.back) == (3, 0, 3)


@pytest.mark.parametrize("n_bytes", [1, 2047, 2048, 2049, 4096, 4097])
def test_tiny_files_have_parity(n_bytes: int) -> None:
    geometry = plan_geometry(n_bytes, 0, DEFAULT_AMOUNT, sidecar=True)
    assert (geometry.groups, geometry.parity_shards) == (1, 1)
    assert geometry.data_shards == -(-n_bytes // SECTOR)


@pytest.mark.parametrize("group_sectors", [-1, 0, 1, MAX_SHARDS + 1])
def test_group_sizes_that_cannot_be_had_are_refused(group_sectors: int) -> None:
    with pytest.raises(UsageError, match="a group has 2 to 65536 sectors"):
        plan_geometry(SECTOR, 0, DEFAULT_AMOUNT, group_sectors=group_sectors)


@pytest.mark.parametrize("amount", [NO_PARITY, DEFAULT_AMOUNT, Amount(n_bytes=1), Amount(fill_bytes=10**6)])
def test_nothing_is_not_protected(amount: Amount) -> None:
    with pytest.raises(UsageError, match="empty file"):
        plan_geometry(0, 0, amount, sidecar=True)


def test_more_parity_than_a_group_can_hold_is_refused() -> None:
    with pytest.raises(UsageError, match="more parity than a group can hold"):
        plan_geometry(SECTOR, 0, Amount(n_bytes=MAX_SHARDS * SECTOR))
    geometry = plan_geometry(100 * SECTOR, 0, Amount(share=Fraction(3)), group_sectors=4)
    assert (geometry.groups, geometry.data_shards, geometry.parity_shards) == (100, 1, 3)
    with pytest.raises(UsageError, match="more parity than a group can hold"):
        plan_geometry(100 * SECTOR, 0, Amount(n_bytes=301 * SECTOR), group_sectors=4)


def test_a_medium_without_room_for_the_checksums_is_refused() -> None:
    size = plan_geometry(SECTOR * 1000, 0, NO_PARITY).volume_bytes
    assert plan_geometry(SECTOR * 1000, 0, Amount(fill_bytes=size)).groups == 0
    with pytest.raises(UsageError, match=f"{size} bytes are needed"):
        plan_geometry(SECTOR * 1000, 0, Amount(fill_bytes=size - 1))


@pytest.mark.parametrize("percent", [1, 10, 50, 100, 200, 400, 1000])
@pytest.mark.parametrize("n_bytes", [20_000, 10**6, 10**7, 10**8])
def test_guards_do_not_fail_before_the_parity_does(n_bytes: int, percent: int) -> None:
    amount = Amount(share=Fraction(percent, 100))
    geometry = plan_geometry(n_bytes // SECTOR * SECTOR, 5000, amount)
    check(geometry, DEFAULT_GROUP_SECTORS)
    found = Structures.of(geometry)
    # The same volume, with guards that never fail.
    spare = np.concatenate([found.spare[: geometry.groups], found.sizes[geometry.groups :]])
    ideal = Scattering(found.sizes, spare).most(LIKELY)
    assert found.scattering.most(LIKELY) >= 0.99 * ideal
    assert found.longest_burst >= geometry.parity_sectors - geometry.groups * geometry.run
    assert found.longest_both >= geometry.parity_sectors - geometry.groups * geometry.run


def test_guards_of_the_usual_parity_are_the_fewest() -> None:
    """More than these are for more parity than a third."""
    for n_bytes in (10**6, 10**8, 10**10):
        geometry = plan_geometry(n_bytes // SECTOR * SECTOR, 5000, DEFAULT_AMOUNT)
        slices = geometry.table_shards * geometry.guard_groups
        assert geometry.spread == max(12, slices * 5 // 4)


def test_large_volumes_with_much_parity_have_guards() -> None:
    for percent in (200, 400, 1000, 100_000):
        geometry = plan_geometry(10**12 // SECTOR * SECTOR, 0, Amount(share=Fraction(percent, 100)))
        check(geometry, DEFAULT_GROUP_SECTORS)
        assert geometry.guard_sectors * 25 < geometry.sectors
