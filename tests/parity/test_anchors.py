"""Anchors: sectors told by their content alone, by what a dictionary of their contents says."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.layout.sums import sector_sums
from pybackup.parity.mend.anchors import KnownSectors
from pybackup.sector import SECTOR

contents = st.lists(
    st.one_of(
        st.integers(0, 3).map(lambda byte: bytes([byte]) * SECTOR),
        st.integers(0, 5).map(lambda seed: np.random.default_rng(seed).bytes(SECTOR)),
    ),
    min_size=1,
    max_size=20,
)


def _known(data: list[bytes], numbers: list[int]) -> KnownSectors:
    return KnownSectors(np.array(numbers, np.int64), sector_sums(b"".join(data), np.array(numbers, np.int64)))


@given(contents, st.data())
def test_anchors_are_what_is_unlike_all_others(data: list[bytes], draw: st.DataObject) -> None:
    gaps = draw.draw(st.lists(st.integers(1, 1000), min_size=len(data), max_size=len(data)))
    numbers = np.cumsum(gaps).tolist()
    known = _known(data, numbers)
    is_anchor = [data.count(each) == 1 and each != each[:1] * SECTOR for each in data]
    crcs = [zlib.crc32(each) for each in data]
    assert known.contents.tolist() == [crc if anchor else -1 for crc, anchor in zip(crcs, is_anchor, strict=True)]
    # A copy has them in another order, with others between them.
    mixed = [7, *reversed(crcs), 9]
    at, places = known.anchors_among(np.array(mixed, np.uint32))
    expected = [(mixed.index(crc), place) for place, crc in enumerate(crcs) if is_anchor[place]]
    assert list(zip(at.tolist(), places.tolist(), strict=True)) == sorted(expected)
    asked = np.array([numbers[0] - 1, *numbers, numbers[-1] + 5], np.int64)
    assert known.contents_of(asked).tolist() == [-1, *known.contents.tolist(), -1]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 5, []), (5, 6, [0]), (5, 10, [0]), (0, 100, [0, 1, 2]), (11, 10, []), (60, 99, [])],
)
def test_places_between_numbers(low: int, high: int, expected: list[int]) -> None:
    known = _known([bytes(SECTOR)] * 3, [5, 10, 50])
    assert known.between(low, high).tolist() == expected


def test_none_at_all() -> None:
    known = _known([bytes(SECTOR)] * 4, [0, 1, 2, 3])
    at, places = known.anchors_among(np.arange(1000, dtype=np.uint32))
    assert (at.tolist(), places.tolist()) == ([], [])
    assert known.contents.tolist() == [-1] * 4
