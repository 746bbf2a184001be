"""The forecast against brute force: every burst, every choice of sectors, and many random ones."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, pairwise
from math import comb

import numpy as np
import pytest

from pybackup.layout.guard import Geometry
from pybackup.parity.mend.copies import damaged_groups
from pybackup.parity.odds.chance import Scattering, spared
from pybackup.parity.odds.forecast import Structures, both_ends
from pybackup.parity.odds.harm import Model, plan_strike
from pybackup.parity.odds.prospect import Prospects, agrees, is_decided
from pybackup.parity.stream.amount import NO_PARITY, Amount
from pybackup.parity.stream.dealing import Dealing, Numbers
from pybackup.parity.stream.geometry import plan_geometry
from pybackup.sector import SECTOR

TINY = plan_geometry(9 * SECTOR, 1024, Amount(n_bytes=3 * SECTOR))
SHAPES = {
    "one group": plan_geometry(150 * SECTOR, 1024, Amount(share=Fraction(1, 10))),
    "groups": plan_geometry(400 * SECTOR, 0, Amount(share=Fraction(1, 5)), group_sectors=60),
    "runs": plan_geometry(1500 * SECTOR, 1024, Amount(share=Fraction(1, 4)), group_sectors=1000),
    "sidecar": plan_geometry(301 * SECTOR - 5, 0, Amount(share=Fraction(1, 10)), sidecar=True, group_sectors=150),
    "guard groups": Geometry(600 * SECTOR, 0, 2, 300, 100, 1, 2, 2, 4, 0),
    "more parity than data": plan_geometry(20 * SECTOR, 0, Amount(share=Fraction(3))),
    "no parity": plan_geometry(100 * SECTOR, 1024, NO_PARITY),
}


def survives(geometry: Geometry, lost: Numbers) -> bool:
    """By the rules of repair: enough guard sectors of each group, then no group with more missing than parity."""
    dealing = Dealing(geometry)
    guards = np.flatnonzero(~np.isin(dealing.guard_numbers, lost))
    if (np.bincount(guards % geometry.guard_groups, minlength=geometry.guard_groups) < geometry.table_shards).any():
        return False
    if not geometry.groups:
        return not (dealing.table_rows(lost) >= 0).any()
    return bool((damaged_groups(dealing, lost) <= geometry.parity_shards).all())


def bursts(geometry: Geometry, length: int) -> Iterator[bool]:
    for start in range(geometry.sectors - length + 1):
        yield survives(geometry, np.arange(start, start + length))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_truncation_is_told_in_bytes(shape: Geometry) -> None:
    """By brute force: each sector is lost of which a byte is cut off, and the last one need not be whole."""
    found = Structures.of(shape)
    size = shape.before_bytes if shape.sidecar else shape.volume_bytes
    sectors = -(-size // SECTOR)

    def is_survived(cut: int) -> bool:
        return survives(shape, np.arange((size - cut) // SECTOR, sectors) if cut else np.zeros(0, np.int64))

    most = found.longest_truncation_bytes
    assert is_survived(most)
    assert most == size or not is_survived(most + 1)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_structures_are_the_whole_volume(shape: Geometry) -> None:
    found = Structures.of(shape)
    assert int(found.sizes.sum()) == shape.sectors
    assert np.bincount(found.labels).tolist() == found.sizes.tolist()
    rng = np.random.default_rng(1)
    fates = set()
    for _ in range(100):
        lost = np.sort(rng.choice(shape.sectors, int(rng.integers(shape.sectors)), replace=False))
        fates.add(survives(shape, lost))
        assert found.survives(lost) == survives(shape, lost)
    assert False in fates


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_longest_burst_is_that_of_trying_all(shape: Geometry) -> None:
    found = Structures.of(shape)
    assert all(bursts(shape, found.longest_burst))
    if found.worst_burst < 0:
        assert found.longest_burst == shape.sectors
        return
    one_more = found.longest_burst + 1
    fates = list(bursts(shape, one_more))
    assert not fates[found.worst_burst]
    assert found.burst_chance(one_more) == pytest.approx(sum(fates) / len(fates))
    assert any(bursts(shape, found.luckiest_burst))
    if found.luckiest_burst < shape.sectors:
        assert not any(bursts(shape, found.luckiest_burst + 1))
    left = found.left_of_burst(found.worst_burst, one_more)
    assert 0 < len(left) <= one_more


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_longest_ends_are_those_of_trying_all(shape: Geometry) -> None:
    found = Structures.of(shape)
    total = found.file_sectors
    for limit, lost in (
        (found.longest_start, lambda count: np.arange(count)),
        (found.longest_end, lambda count: np.arange(total - count, total)),
        (found.longest_both, lambda count: both_ends(total, count)),
    ):
        fates = [survives(shape, lost(count)) for count in range(total + 1)]
        assert limit == fates.index(False) - 1 if False in fates else limit == total


def test_left_of_a_burst_are_the_groups_beyond() -> None:
    shape = SHAPES["groups"]
    found = Structures.of(shape)
    length = found.longest_burst + 1
    left = found.left_of_burst(found.worst_burst, length)
    counts = damaged_groups(Dealing(shape), np.arange(found.worst_burst, found.worst_burst + length))
    assert len(left) == int(counts[counts > shape.parity_shards].sum())


def exactly(sizes: list[int], spare: list[int], lost: int) -> Fraction:
    """The probability by counting all choices."""
    ways = {0: 1}
    for size, most in zip(sizes, spare, strict=True):
        grown: dict[int, int] = {}
        for total, number in ways.items():
            for bad in range(min(size, most) + 1):
                grown[total + bad] = grown.get(total + bad, 0) + number * comb(size, bad)
        ways = grown
    return Fraction(ways.get(lost, 0), comb(sum(sizes), lost))


@pytest.mark.parametrize(
    ("sizes", "spare"),
    [
        ([6, 4], [2, 1]),
        ([30, 30, 29, 7], [5, 5, 5, 4]),
        ([200, 200, 20], [40, 40, 12]),
        ([500], [0]),
        ([40, 40], [0, 39]),
        ([90, 10], [45, 20]),
    ],
)
def test_chance_is_that_of_counting(sizes: list[int], spare: list[int]) -> None:
    scattering = Scattering(np.array(sizes), np.array(spare))
    for lost in range(sum(sizes) + 1):
        assert scattering.chance(lost) == pytest.approx(float(exactly(sizes, spare, lost)), abs=1e-9)
    assert exactly(sizes, spare, scattering.certain) == 1
    assert exactly(sizes, spare, scattering.certain + 1) < 1
    assert exactly(sizes, spare, scattering.possible) > 0
    for asked in (0.999, 0.5, 0.001):
        most = scattering.most(asked)
        assert exactly(sizes, spare, most) >= Fraction(asked) > exactly(sizes, spare, most + 1)


def test_chance_of_all_choices_of_a_tiny_volume() -> None:
    found = Structures.of(TINY)
    for lost in range(4):
        fates = [survives(TINY, np.array(chosen, np.int64)) for chosen in combinations(range(TINY.sectors), lost)]
        assert found.scattering.chance(lost) == pytest.approx(sum(fates) / len(fates), abs=1e-9)


@pytest.mark.parametrize("name", ["groups", "runs", "guard groups"])
def test_chance_is_that_of_many_trials(name: str) -> None:
    found = Structures.of(SHAPES[name])
    lost = found.scattering.most(0.5)
    rng = np.random.default_rng(2)
    trials = 2000
    back = sum(found.survives(rng.choice(found.sectors, lost, replace=False)) for _ in range(trials))
    assert back / trials == pytest.approx(found.scattering.chance(lost), abs=5 * 0.5 / trials**0.5)


def test_a_volume_of_25_gb_is_between_its_bounds() -> None:
    """More than 200 groups, of sizes that no list could be made of: certainty below, nothing above, and in between."""
    sizes, spare = np.array([63_430] * 213 + [8_650] * 2), np.array([5_732] * 213 + [5_990] * 2)
    scattering = Scattering(sizes, spare)
    likely, even, hopeless = (scattering.most(chance) for chance in (0.999, 0.5, 0.001))
    assert scattering.certain < likely < even < hopeless < scattering.possible
    # No more than a union bound of the normal distribution allows, within what that is worth.
    assert 0.085 < likely / scattering.sectors < hopeless / scattering.sectors < 5_732 / 63_430
    # Neighbours do not differ by noise.
    chances = [scattering.chance(even + step) for step in range(-50, 51)]
    assert all(before >= after for before, after in pairwise(chances))


def test_files_spared_without_parity() -> None:
    found = spared(20, 5, np.array([0, 1, 3, 15, 16, 3]))
    assert found.tolist() == pytest.approx([1, *(comb(20 - n, 5) / comb(20, 5) for n in (1, 3, 15)), 0, found[2]])


# Strikes


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("model", Model)
def test_strikes_are_as_large_as_asked_and_seeded(model: Model, shape: Geometry) -> None:
    strike = plan_strike(shape, model, 12, 7)
    again = plan_strike(shape, model, 12, 7)
    assert strike.lost.tolist() == again.lost.tolist()
    assert strike.splices == again.splices
    assert len(np.unique(strike.lost)) == len(strike.lost)
    assert 0 <= strike.lost.min() <= strike.lost.max() < shape.sectors
    if model not in (Model.INSERT, Model.DELETE):
        assert len(strike.lost) == 12
    assert not np.isin(strike.lost, strike.near).any()


def test_strikes_differ_by_seed() -> None:
    shape = SHAPES["runs"]
    for model in (Model.SCATTERED, Model.FLIPS, Model.BURST, Model.SCRATCHES, Model.DELETE):
        assert len({plan_strike(shape, model, 40, seed).lost.tobytes() for seed in range(5)}) > 1


def test_scratches_are_of_their_length() -> None:
    lost = plan_strike(SHAPES["runs"], Model.SCRATCHES, 400, 3).lost
    lengths = np.diff(np.flatnonzero(np.diff(lost, append=lost[-1] + 2) != 1), prepend=-1)
    # Two may touch, and the last may be cut.
    assert (lengths >= 4).sum() >= len(lengths) - 1
    assert len(lengths) > 400 // 64


@pytest.mark.parametrize("name", ["one group", "groups", "runs"])
def test_flips_need_the_table_only(name: str) -> None:
    """One wrong byte is put right by the sum of its sector, whatever the parity; drills prove it with real bytes."""
    shape = SHAPES[name]
    prospects = Prospects(Structures.of(shape))
    below, past = prospects.just_below(Model.FLIPS), prospects.just_past(Model.FLIPS)
    guards = Dealing(shape).guard_numbers

    def told(sectors: int, seed: int) -> bool:
        lost = plan_strike(shape, Model.FLIPS, sectors, seed).lost
        left = np.flatnonzero(~np.isin(guards, lost)) % shape.guard_groups
        return bool((np.bincount(left, minlength=shape.guard_groups) >= shape.table_shards).all())

    assert below > prospects.just_past(Model.SCATTERED)
    assert prospects.chance(Model.FLIPS, below) >= 0.999
    assert all(told(below, seed) for seed in range(20))
    assert not any(told(past, seed) for seed in range(20))


@pytest.mark.parametrize("name", ["one group", "groups", "runs"])
@pytest.mark.parametrize("model", [model for model in Model if model not in (Model.INSERT, Model.FLIPS)])
def test_just_below_and_just_past(model: Model, name: str) -> None:
    prospects = Prospects(Structures.of(SHAPES[name]))
    below, past = prospects.just_below(model), prospects.just_past(model)
    assert below < past
    if model is not Model.DELETE:  # in a small volume what lies near may be as much as is spared
        assert prospects.chance(model, below) >= 0.999
        assert all(survives(SHAPES[name], plan_strike(SHAPES[name], model, below, seed).lost) for seed in range(20))
    assert prospects.chance(model, past) <= 0.001
    assert not any(survives(SHAPES[name], plan_strike(SHAPES[name], model, past, seed).lost) for seed in range(20))


def test_chance_of_scratches_is_that_of_many() -> None:
    shape = SHAPES["groups"]
    prospects = Prospects(Structures.of(shape))
    sectors = prospects.structures.scattering.most(0.5)
    back = sum(survives(shape, plan_strike(shape, Model.SCRATCHES, sectors, seed).lost) for seed in range(1000))
    assert prospects.chance(Model.SCRATCHES, sectors) == pytest.approx(back / 1000, abs=0.1)


@pytest.mark.parametrize(
    ("chance", "whole", "right"),
    [
        (1.0, True, True),
        (1.0, False, False),
        (0.0, True, False),
        (0.0, False, True),
        (0.5, True, True),
        (0.5, False, True),
    ],
)
def test_agreement(chance: float, whole: bool, right: bool) -> None:
    assert agrees(chance, whole) is right
    assert is_decided(chance) is (chance != 0.5)
