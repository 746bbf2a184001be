"""Columns of integers: as narrow as their values, and refused if not."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.errors import Damaged
from pybackup.layout.columns import Reader, pack_column, pack_texts

from .values import changed

_int64 = st.integers(-(2**63), 2**63 - 1)
values = st.lists(_int64, max_size=20) | st.lists(st.integers(0, 300), max_size=20)


def column(planes: int, base: int, data: bytes = b"") -> bytes:
    return struct.pack("<Bq", planes, base) + data


def read(data: bytes, count: int) -> list[int]:
    reader = Reader(data)
    found: list[int] = reader.column(count).tolist()
    reader.finish()
    return found


GOLDEN = {
    "nothing": ([], "00" "0000000000000000"),
    "equal": ([7, 7, 7], "00" "0700000000000000"),
    "bytes": ([5, 6, 260], "01" "0500000000000000" "0001ff"),
    "planes": ([-1, 0, 255], "02" "ffffffffffffffff" "000100" "000001"),
    "all of 64 bits": ([-(2**63), 2**63 - 1], "08" "0000000000000080" + 8 * "00ff"),
}  # fmt: skip


@pytest.mark.parametrize(("numbers", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_column_is_the_golden_one(numbers: list[int], expected: str) -> None:
    assert pack_column(numbers).hex() == expected
    assert read(bytes.fromhex(expected), len(numbers)) == numbers


@given(values)
def test_column_comes_back(numbers: list[int]) -> None:
    assert read(pack_column(numbers), len(numbers)) == numbers
    assert pack_column(np.array(numbers, dtype=np.int64)) == pack_column(numbers)


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_texts_come_back(texts: list[bytes]) -> None:
    reader = Reader(pack_texts(texts))
    found = reader.texts(len(texts))
    assert list(found) == [found[row] for row in range(len(found))] == texts
    reader.finish()


@pytest.mark.parametrize("numbers", [[], [7, 7], [5, 6, 260], [-1, 0, 255], [-(2**63), 0, 2**63 - 1]])
def test_any_changed_byte_is_refused_or_packs_to_itself(numbers: list[int]) -> None:
    # The index's digest covers them; here only that no column has two forms.
    for _, data in changed(pack_column(numbers), range(1, 256)):
        try:
            found = read(data, len(numbers))
        except Damaged:
            continue
        assert pack_column(found) == data


REFUSED = {
    "nothing": (b"", 1, "ends in the middle"),
    "half a head": (column(0, 0)[:8], 1, "ends in the middle"),
    "half a plane": (column(2, 0, b"\0\1\0"), 2, "ends in the middle"),
    "byte left over": (column(0, 0, b"\0"), 2, "behind its last column"),
    "nine planes": (column(9, 0, bytes(9)), 1, "more than 8 planes"),
    "255 planes": (column(255, 0, 255 * b"\1"), 1, "more than 8 planes"),
    "empty plane on top": (column(2, 0, b"\0\1\0\0"), 2, "wider than its values"),
    "planes for no value": (column(1, 0), 0, "wider than its values"),
    "base below the values": (column(1, 0, b"\1\2"), 2, "not its smallest value"),
    "base of no values": (column(0, 1), 0, "not its smallest value"),
    "beyond 64 bits": (column(1, 2**63 - 1, b"\0\1"), 2, "beyond 64 bits"),
    "far beyond 64 bits": (column(8, 0, 8 * b"\0\xff"), 2, "beyond 64 bits"),
}


@pytest.mark.parametrize(("data", "count", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_a_rule_is_refused_for_it(data: bytes, count: int, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        read(data, count)


def test_negative_size_is_refused() -> None:
    with pytest.raises(Damaged, match="negative size"):
        Reader(pack_column([3, -1])).sizes(2)
    with pytest.raises(Damaged, match="negative size"):
        Reader(pack_column([-1]) + b"abc").texts(1)


@pytest.mark.parametrize("length", [100, 2**31, 2**62, 2**63 - 1])
def test_text_longer_than_the_index_is_refused(length: int) -> None:
    with pytest.raises(Damaged, match="longer than the index"):
        Reader(pack_column([length, length]) + b"abc").texts(2)


def test_texts_longer_together_than_the_index_are_refused() -> None:
    with pytest.raises(Damaged, match="ends in the middle"):
        Reader(pack_column([9, 9]) + 10 * b"a").texts(2)
