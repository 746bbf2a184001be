"""Butterflies, by a table or by logarithms, are what their formula says, and nothing is left of the work before."""

import numpy as np
import pytest

from pybackup.codes import butterflies
from pybackup.codes.butterflies import Butterflies
from pybackup.codes.field import ORDER, Symbols, multiply

WIDTH = 24


def slow(work: Symbols, half: int, constants: list[int], *, forward: bool) -> Symbols:
    found = work.copy()
    for block, constant in zip(found.reshape(-1, 2, half, WIDTH), constants, strict=True):
        low, high = block
        if not forward:
            high ^= low
        low ^= multiply(np.full_like(high, constant), high)
        if forward:
            high ^= low
    return found


@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("by_table", [False, True])
@pytest.mark.parametrize("tile_rows", [8, 12, 1000])
def test_every_block_has_its_constant(
    monkeypatch: pytest.MonkeyPatch, tile_rows: int, by_table: bool, forward: bool
) -> None:
    monkeypatch.setattr(butterflies, "TILE_SYMBOLS", tile_rows * WIDTH)
    layers = Butterflies(WIDTH)
    apply = layers.large_blocks if by_table else layers.small_blocks
    numbers = np.random.default_rng(7)
    for half, constants in ((8, [0, 1, 0x1234, 0, ORDER - 1]), (1, [2, 0, 0x8000] * 9), (4, [0x00FF])):
        work = numbers.integers(0, ORDER, (2 * half * len(constants), WIDTH)).astype(np.uint16)
        work[::3] = 0
        expected = slow(work, half, constants, forward=forward)
        apply(work, half, np.array(constants, np.intp), forward=forward)
        assert np.array_equal(work, expected)


def test_a_block_beyond_a_tile_is_one_with_a_table() -> None:
    """Small blocks fit into the arrays that are used again."""
    assert butterflies.TABLE_SYMBOLS <= butterflies.TILE_SYMBOLS
