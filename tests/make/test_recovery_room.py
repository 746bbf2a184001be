"""The sizes of recovery volumes: they fit their size limit, with as much parity as there is room for."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.small_sets import small_set

from pybackup.errors import UsageError
from pybackup.layout.recovery import Body, RecoveryHeader
from pybackup.make.recovery_room import least_bytes, parity_of, shard_limit_of
from pybackup.model.entry import Entry, Kind
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.parity.stream.amount import NO_PARITY
from pybackup.parity.stream.geometry import plan_geometry

MIB = 1 << 20


def _info(parity: str, volume_bytes: int, group_sectors: int = 500) -> VolumeInfo:
    return VolumeInfo(bytes(8), "docs", 1, VolumeKind.RECOVERY, False, parity, group_sectors, volume_bytes)


@settings(max_examples=40)
@given(st.integers(50, 5000), st.sampled_from(["none", "5%", "50%", "1M"]), st.integers(0, 30 * MIB))
def test_a_volume_with_its_parity_is_no_longer_than_it_may_be(sectors: int, parity: str, volume_bytes: int) -> None:
    before = sectors * 2048
    least = plan_geometry(before, 1024, NO_PARITY).volume_bytes
    options = parity_of(_info(parity, volume_bytes), before, 1024)
    made = plan_geometry(before, 1024, options.amount, group_sectors=options.group_sectors)
    if volume_bytes >= least:
        assert made.volume_bytes <= volume_bytes
    elif volume_bytes:
        assert options.amount == NO_PARITY
    assert options.group_sectors == 500


def test_what_its_settings_say_where_there_is_room() -> None:
    assert str(parity_of(_info("10%", 0), 2048 * 1000, 1024).amount) == "10%"
    assert str(parity_of(_info("10%", 10 * MIB), 2048 * 1000, 1024).amount) == "10%"
    # Without room for that amount, it is as much as fits.
    squeezed = parity_of(_info("50%", 2048 * 1100), 2048 * 1000, 1024)
    geometry = plan_geometry(2048 * 1000, 1024, squeezed.amount, group_sectors=500)
    assert geometry.parity_sectors > 0
    assert 2048 * 1050 < geometry.volume_bytes <= 2048 * 1100


@settings(max_examples=40)
@given(st.lists(st.integers(1, MIB), min_size=1, max_size=8), st.integers(0, 100_000))
def test_the_least_is_header_shard_and_checksums(lengths: list[int], content: int) -> None:
    bodies = [Body(bytes([number]) * 8, n_bytes, bytes(32)) for number, n_bytes in enumerate(lengths)]
    header = RecoveryHeader(bytes(8), 1, 1, 1, bodies)
    found = least_bytes(content, header)
    assert found > content + header.total_bytes
    assert found - content - header.total_bytes < 40_000 + (content + header.total_bytes) // 100


def test_shards_fit_the_largest_volume_beside_the_indexes() -> None:
    entries = [Entry(b"top/f%d" % number, Kind.FILE, size=50_000) for number in range(100)]
    limit_of = partial(shard_limit_of, segment_bytes=MIB, structure_bytes=1000, settings_bytes=300)
    limit = limit_of(entries, [MIB, 2 * MIB])
    assert limit % 2048 == 0
    assert MIB < limit < 2 * MIB
    more = entries + [Entry(b"top/g%d" % number, Kind.FILE) for number in range(1000)]
    assert limit_of(more, [MIB, 2 * MIB]) < limit
    with pytest.raises(UsageError, match="100000 bytes are too few for a recovery volume"):
        limit_of(more, [100_000])


def test_what_sets_were_made_to_fit_they_fit() -> None:
    small = small_set((200_000, 130_000), 2)
    largest = 200_000
    assert all(len(small.volumes[name]) <= largest for name in small.recovery)
