"""How much of the parity that was bought is of use: losses of nearly as many sectors as there is parity."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from kit.damage import overwritten
from kit.memory import fast_directory
from kit.protected import mended, with_own_stream

from pybackup.layout.guard import Geometry
from pybackup.parity.mend.copies import damaged_groups
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.dealing import Dealing, Numbers
from pybackup.parity.stream.geometry import ParityOptions, plan_geometry
from pybackup.sector import SECTOR

SEEDS = range(20)
MB = 10**6
SIZES = {
    "2 MB": 2 * MB,
    "20 MB": 20 * MB,
    "100 MB": 100 * MB,
    "700 MB": 700 * MB,
    "4000 MB": 4000 * MB,
    "25 GB": 25_000 * MB,
}
SHARES = {"10 %": Fraction(1, 10), "5 %": Fraction(1, 20), "25 %": Fraction(1, 4)}


def geometry_of(size: int, share: Fraction) -> Geometry:
    return plan_geometry(size // SECTOR * SECTOR, 5000, Amount(share=share))


def parity_of_all(geometry: Geometry) -> float:
    """P/N: the part of the volume that is parity."""
    return geometry.parity_sectors / geometry.sectors


def comes_back(geometry: Geometry, bad: Numbers) -> bool:
    """Whether parity and guards suffice."""
    dealing = Dealing(geometry)
    left = np.flatnonzero(~np.isin(dealing.guard_numbers, bad))
    counts = np.bincount(left % geometry.guard_groups, minlength=geometry.guard_groups)
    enough = bool((counts >= geometry.table_shards).all())
    return enough and int(damaged_groups(dealing, bad).max()) <= geometry.parity_shards


def scattered(geometry: Geometry, count: int, seed: int) -> Numbers:
    return np.random.default_rng(seed).permutation(geometry.sectors)[:count].astype(np.int64)


@pytest.mark.parametrize(
    ("size", "share"), [("20 MB", "10 %"), ("20 MB", "25 %"), ("100 MB", "5 %"), ("100 MB", "10 %")]
)
def test_scattered_loss_of_98_percent_of_the_parity_in_one_group(size: str, share: str) -> None:
    geometry = geometry_of(SIZES[size], SHARES[share])
    assert geometry.groups == 1
    count = int(0.98 * parity_of_all(geometry) * geometry.sectors)
    assert [seed for seed in SEEDS if not comes_back(geometry, scattered(geometry, count, seed))] == []


@pytest.mark.parametrize(("share", "part"), [("10 %", 0.95), ("5 %", 0.92), ("25 %", 0.96)])
@pytest.mark.parametrize("size", ["100 MB", "700 MB", "4000 MB"])
def test_scattered_loss_in_several_groups(size: str, share: str, part: float) -> None:
    """Chance deals no group its share exactly: four times the root of its parity is what the worst of some misses."""
    geometry = geometry_of(SIZES[size], SHARES[share])
    count = int(part * parity_of_all(geometry) * geometry.sectors)
    seeds = SEEDS if geometry.sectors < 10**6 else SEEDS[:5]
    assert [seed for seed in seeds if not comes_back(geometry, scattered(geometry, count, seed))] == []


@pytest.mark.parametrize("share", SHARES.values(), ids=SHARES)
@pytest.mark.parametrize("size", SIZES)
def test_burst_of_95_percent_of_the_parity_anywhere(size: str, share: Fraction) -> None:
    geometry = geometry_of(SIZES[size], share)
    length = int(0.95 * geometry.parity_sectors)
    last = geometry.sectors - length
    stream = geometry.before_sectors
    end = stream + geometry.stream_sectors
    chance = random.Random(size)
    # Over each border between parts, at both ends, and anywhere.
    starts = {0, last, stream - length, stream - length // 2, stream, stream + geometry.front, end - length, end - 1}
    starts |= {chance.randrange(last) for _ in range(30 if geometry.sectors < 10**6 else 3)}
    found = [start for start in sorted(starts) if 0 <= start <= last and not comes_back(geometry, burst(start, length))]
    assert found == []


def burst(start: int, length: int) -> Numbers:
    return np.arange(start, start + length, dtype=np.int64)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("group_sectors", "part"), [(65_536, 0.98), (2500, 0.9)])
def test_real_bytes_come_back(group_sectors: int, part: float, seed: int) -> None:
    chance = random.Random(seed)
    with fast_directory() as base:
        options = ParityOptions(Amount(share=Fraction(1, 10)), group_sectors=group_sectors)
        specimen = with_own_stream(base, options, chance.randbytes(4000 * SECTOR), chance.randbytes(3000))
        assert (specimen.geometry.groups == 1) == (group_sectors == 65_536)
        count = int(part * specimen.geometry.parity_sectors)
        start = chance.randrange(specimen.sectors - count)
        for bad in (chance.sample(range(specimen.sectors), count), range(start, start + count)):
            (base / "damaged").write_bytes(overwritten(specimen.data, bad, chance))
            assert mended([base / "damaged"], base / "whole").complete
            assert (base / "whole").read_bytes() == specimen.data
