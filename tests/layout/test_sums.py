"""Sums of sectors against plain zlib: with the number, without it, and of every window."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybackup.layout.sums import content_crcs, sector_sums, window_crcs
from pybackup.sector import SECTOR


def plain_sum(data: bytes, number: int) -> int:
    return zlib.crc32(number.to_bytes(8, "little") + data)


def sectors_of(data: bytes) -> list[bytes]:
    return [data[at : at + SECTOR] for at in range(0, len(data), SECTOR)]


@given(
    numbers=st.lists(st.integers(0, 2**63 - 1), max_size=8),
    seed=st.integers(0, 2**32),
    hollow=st.booleans(),
)
def test_sums_and_contents_are_those_of_zlib(numbers: list[int], seed: int, hollow: bool) -> None:
    n_bytes = SECTOR * len(numbers)
    data = bytes(n_bytes) if hollow else np.random.default_rng(seed).bytes(n_bytes)
    order = np.array(numbers, np.int64)
    sums = sector_sums(data, order)
    assert sums.dtype == np.uint32
    assert sums.tolist() == [plain_sum(part, number) for part, number in zip(sectors_of(data), numbers, strict=True)]
    contents = content_crcs(sums, order)
    assert contents.dtype == np.uint32
    assert contents.tolist() == [zlib.crc32(part) for part in sectors_of(data)]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_sums_take_every_kind_of_buffer(kind: type) -> None:
    data = bytes(range(256)) * 16
    assert sector_sums(kind(data), np.array([5, 6])).tolist() == [
        plain_sum(data[:SECTOR], 5),
        plain_sum(data[SECTOR:], 6),
    ]


def test_sums_at_offsets() -> None:
    data = np.random.default_rng(3).bytes(3 * SECTOR + 10)
    found = sector_sums(data, np.array([7, 1, 9]), np.array([10, 3 * SECTOR - SECTOR + 10, 1]))
    expected = [(10, 7), (2 * SECTOR + 10, 1), (1, 9)]
    assert found.tolist() == [plain_sum(data[at : at + SECTOR], number) for at, number in expected]


@pytest.mark.parametrize("n_bytes", [0, SECTOR - 1, SECTOR + 1, 2 * SECTOR])
def test_bytes_that_are_not_the_sectors_are_refused(n_bytes: int) -> None:
    with pytest.raises(ValueError, match="are not 1 sectors"):
        sector_sums(bytes(n_bytes), np.array([0]))


def test_an_offset_beyond_the_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="are not 1 sectors"):
        sector_sums(bytes(SECTOR), np.array([0]), np.array([1]))


# One lane, several, the last lane short, and each side of a lane's greatest width.
@pytest.mark.parametrize("windows", [1, 2, 255, 256, 257, 511, 512, 5_000, 130_815, 130_816, 131_072, 200_003])
def test_windows_are_those_of_zlib(windows: int) -> None:
    data = np.random.default_rng(windows).bytes(windows + SECTOR - 1)
    found = window_crcs(data)
    assert found.shape == (windows,)
    assert found.dtype == np.uint32
    step = max(1, windows // 3_001)
    places = sorted({*range(0, windows, step), windows - 1})
    assert found[places].tolist() == [zlib.crc32(data[at : at + SECTOR]) for at in places]


@settings(max_examples=30)
@given(
    pieces=st.lists(st.tuples(st.sampled_from([0, 1, 0x80, 0xFF]), st.integers(1, 1_500)), min_size=1, max_size=6),
    tail=st.binary(max_size=40),
)
def test_windows_of_long_runs(pieces: list[tuple[int, int]], tail: bytes) -> None:
    data = bytes(SECTOR) + b"".join(bytes((value,)) * length for value, length in pieces) + tail
    expected = [zlib.crc32(data[at : at + SECTOR]) for at in range(len(data) - SECTOR + 1)]
    assert window_crcs(data).tolist() == expected


def test_windows_of_any_buffer() -> None:
    data = bytes(range(256)) * 9
    assert window_crcs(memoryview(data)).tolist() == window_crcs(data).tolist()


def test_bytes_shorter_than_a_window_are_refused() -> None:
    with pytest.raises(ValueError, match="hold no window"):
        window_crcs(bytes(SECTOR - 1))
