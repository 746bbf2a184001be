"""One wrong byte in a sector is put right by its sum; nothing else is."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.layout.sums import sector_sums
from pybackup.parity.mend.flips import correct
from pybackup.sector import SECTOR

NUMBERS = np.arange(7, 7 + 200, dtype=np.int64)


def planted() -> tuple[np.ndarray, np.ndarray]:
    data = np.random.default_rng(1).integers(0, 256, (len(NUMBERS), SECTOR), dtype=np.uint8)
    return data, sector_sums(data.tobytes(), NUMBERS)


@given(place=st.integers(0, SECTOR - 1), error=st.integers(1, 255), number=st.integers(0, 199))
@settings(max_examples=200, deadline=None)
def test_any_wrong_byte_is_found_or_left_alone(place: int, error: int, number: int) -> None:
    data, sums = planted()
    hurt = data[number : number + 1].copy()
    hurt[0, place] ^= error
    good, right = correct(hurt, NUMBERS[number : number + 1], sums[number : number + 1])
    assert not good.any() or (right[0] == data[number]).all()


def test_nearly_all_are_found() -> None:
    data, sums = planted()
    numbers = np.random.default_rng(2)
    hurt = data.copy()
    hurt[np.arange(200), numbers.integers(0, SECTOR, 200)] ^= numbers.integers(1, 256, 200).astype(np.uint8)
    good, right = correct(hurt, NUMBERS, sums)
    assert good.sum() >= 199
    assert (right == data[good]).all()


def test_other_damage_is_left_alone() -> None:
    data, sums = planted()
    two = data.copy()
    two[:, 5] ^= 1
    two[:, 1000] ^= 0x80
    for hurt in (two, np.zeros_like(data), np.full_like(data, 0xFF), data[::-1].copy()):
        good, _ = correct(hurt, NUMBERS, sums)
        assert not good.any()
