"""Lists that a user names: how they are cut, and that what is no list ends soon, whatever it is."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.errors import UsageError
from pybackup.host.lists import read_lines, read_null_ended, read_text

MIB = 1 << 20


class _Endless(io.RawIOBase):
    """The same bytes again and again, as of a device; it counts how many were taken, for at most so many."""

    def __init__(self, unit: bytes, most: int) -> None:
        self.unit = unit
        self.most = most
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self.taken += len(buffer)
        assert self.taken <= self.most, "it reads without end"
        times = len(buffer) // len(self.unit) + 1
        buffer[:] = (self.unit * times)[: len(buffer)]
        return len(buffer)


def _endless(unit: bytes, most: int) -> BinaryIO:
    return io.BufferedReader(_Endless(unit, most))


Reader = Callable[[BinaryIO], Iterable[bytes]]


@pytest.mark.parametrize(
    ("reader", "unit", "reason", "most"),
    [
        (lambda stream: [read_text(stream)], b"\0", "no text", 4 * MIB),
        (lambda stream: [read_text(stream)], b"a\n", "longer than 256 MiB: no such text", 260 * MIB),
        (read_lines, b"\0", "a line of more than 1 MiB", 4 * MIB),
        (read_lines, b"a", "a line of more than 1 MiB", 4 * MIB),
        (read_null_ended, b"\0", "a MiB of NUL bytes", 4 * MIB),
        (read_null_ended, b"a", "a line of more than 1 MiB", 4 * MIB),
        # Items of one byte are 64 of memory each: two GiB of it are reached after 64 MiB.
        (read_null_ended, b"a\0", "more than 2,048 MiB of memory", 68 * MIB),
    ],
    ids=["text of NULs", "long text", "NULs", "one line", "NULs ended by NULs", "one item", "many items"],
)
def test_what_has_no_end_is_refused_early(reader: Reader, unit: bytes, reason: str, most: int) -> None:
    with pytest.raises(UsageError, match=reason):
        deque(reader(_endless(unit, most)), maxlen=0)


@pytest.mark.parametrize("n_bytes", [MIB - 1, MIB, MIB + 1])
@pytest.mark.parametrize("reader", [read_lines, read_null_ended])
def test_the_longest_item(reader: Reader, n_bytes: int) -> None:
    stream = io.BytesIO(b"a" * n_bytes)
    if n_bytes <= MIB:
        assert list(reader(stream)) == [b"a" * n_bytes]
    else:
        with pytest.raises(UsageError, match="a line of more than 1 MiB"):
            list(reader(stream))


@given(st.lists(st.binary(max_size=20)))
def test_items_ended_by_nul(items: list[bytes]) -> None:
    data = b"".join(item + b"\0" for item in items)
    pieces = [item for item in data.split(b"\0") if item]
    assert list(read_null_ended(io.BytesIO(data))) == pieces
    assert list(read_null_ended(io.BytesIO(data + b"last"))) == [*pieces, b"last"]


@given(st.binary())
def test_lines_keep_their_ends(data: bytes) -> None:
    lines = list(read_lines(io.BytesIO(data)))
    assert b"".join(lines) == data
    assert all(line.endswith(b"\n") for line in lines[:-1])
    assert all(b"\n" not in line[:-1] for line in lines)


def test_items_across_the_steps_of_reading() -> None:
    items = [b"%07d" % number * 50 for number in range(9000)]
    assert list(read_null_ended(io.BytesIO(b"\0".join(items)))) == items
    assert read_text(io.BytesIO(b"\n".join(items))) == b"\n".join(items)


def test_a_text_with_nul_at_its_end_is_none() -> None:
    with pytest.raises(UsageError, match="NUL bytes"):
        read_text(io.BytesIO(b"a" * (3 * MIB) + b"\0"))
    assert read_text(io.BytesIO(b"")) == b""


def test_items_come_before_the_list_is_read_to_its_end() -> None:
    lines: Iterator[bytes] = read_lines(_endless(b"line\n", MIB))
    assert [next(lines) for _ in range(3)] == [b"line\n"] * 3
