"""What a damaged volume still survives, counted sector by sector as FORMAT.md deals them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kit.protected import is_repairable, shards_of

from pybackup.layout.guard import Geometry
from pybackup.parity.odds.remaining import Remaining, remaining
from pybackup.sector import SECTOR

from .shapes import geometries

NOTHING_LOST = np.array([], np.int64)
WITHOUT_PARITY = Geometry(100 * SECTOR, 0, 0, 0, 0, 0, 1, 3, 0, 3, False, 0)


def _structures(geometry: Geometry) -> list[tuple[str, int]]:
    """To which group of shards or of guard sectors each sector belongs."""
    return [
        ("guard", shard % geometry.guard_groups) if kind == "guard" else ("shards", group)
        for kind, group, shard in shards_of(geometry)
    ]


def _spare(geometry: Geometry, structure: tuple[str, int]) -> int:
    return geometry.guard_recovery if structure[0] == "guard" else geometry.parity_shards


@settings(max_examples=60)
@given(geometries(), st.data())
def test_by_counting(geometry: Geometry, data: st.DataObject) -> None:
    lost = sorted(data.draw(st.sets(st.integers(0, geometry.sectors - 1), max_size=12)))
    found = remaining(geometry, np.array(lost, np.int64))
    assert (found is not None) == is_repairable(geometry, lost)
    if found is None:
        return
    structures = _structures(geometry)
    hit = Counter(structures[number] for number in lost)
    sizes = Counter(structures)
    left = {structure: _spare(geometry, structure) - hit[structure] for structure in sizes}
    # Those that may lose all they have limit nothing.
    limits = [left[each] for each in sizes if left[each] < sizes[each] - hit[each]]
    assert found.certain == min(limits, default=geometry.sectors - len(lost))
    assert found.certain <= found.likely <= geometry.sectors - len(lost)
    shares = [left[each] / _spare(geometry, each) for each in sizes if _spare(geometry, each)]
    assert found.weakest_margin == min(shares, default=1)


@settings(max_examples=30)
@given(geometries(parity=True), st.data())
def test_one_more_than_is_certain_may_be_too_many(geometry: Geometry, data: st.DataObject) -> None:
    found = remaining(geometry, NOTHING_LOST)
    assume(found is not None)
    assert found is not None
    shards = shards_of(geometry)
    numbers = [number for number, shard in enumerate(shards) if shard[0] != "guard" and shard[1] == 0]
    few = data.draw(st.permutations(numbers))[: found.certain]
    assert remaining(geometry, np.array(few, np.int64)) is not None
    if len(numbers) > geometry.parity_shards:
        many = np.array(numbers[: geometry.parity_shards + 1], np.int64)
        assert remaining(geometry, many) is None


def test_a_whole_volume_has_used_nothing_though_it_has_nothing_to_spare() -> None:
    assert remaining(WITHOUT_PARITY, NOTHING_LOST) == Remaining(0, 0, 1.0)
    # One of six guard sectors, of which one is enough.
    (guard, *_) = (n for n, shard in enumerate(shards_of(WITHOUT_PARITY)) if shard[0] == "guard")
    assert remaining(WITHOUT_PARITY, np.array([guard])) == Remaining(0, 0, 4 / 5)
    assert remaining(WITHOUT_PARITY, np.array([0])) is None
