"""Formatting names, sizes and times for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.cli.text import (
    count,
    display,
    duration,
    humane_bytes,
    local_time,
    percentage,
    size_ratio,
    time_span,
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"plain", "plain"),
        ("日本".encode(), "日本"),
        (b"a\nb", "a\\nb"),
        (b"\x1b[31m", "\\x1b[31m"),
        (b"\xff", "\\xff"),
        (b"a\\nb", "a\\\\nb"),
        ("\u202egnp".encode(), "\\u202egnp"),
    ],
)
def test_display(name: bytes, shown: str) -> None:
    assert display(name) == shown


@given(st.binary(), st.binary())
def test_names_that_differ_are_shown_differently(one: bytes, other: bytes) -> None:
    assert (display(one) == display(other)) == (one == other)
    assert display(one).isprintable()


@pytest.mark.parametrize(
    ("n_bytes", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        ((1 << 20) - 1, "1.0 MiB"),
        (1 << 62, "4.0 EiB"),
    ],
)
def test_humane_bytes(n_bytes: int, shown: str) -> None:
    assert humane_bytes(n_bytes) == shown


def test_counts_ratios_and_spans() -> None:
    assert [count(0, "file"), count(1, "file"), count(1234, "entry", "entries")] == [
        "0 files",
        "1 file",
        "1,234 entries",
    ]
    assert [percentage(1, 3), percentage(5, 0)] == ["33.3 %", "-"]
    assert [duration(0.04), duration(59.96), duration(245), duration(3723)] == ["0.0 s", "1:00", "4:05", "1:02:03"]


def test_times_out_of_range_are_numbers() -> None:
    assert local_time(1e20) == "@100000000000000000000"


@pytest.mark.parametrize(
    ("result", "content", "shown"),
    [
        (112, 1000, "11.2 %"),
        (1000, 1000, "100.0 %"),
        (1029, 1024, "5 B more"),
        (7168, 1, "7.0 KiB more"),
        (7168, 0, "-"),
    ],
)
def test_a_result_larger_than_its_content(result: int, content: int, shown: str) -> None:
    assert size_ratio(result, content) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "1 s"), (59.4, "59 s"), (59.6, "1 min"), (3569, "59 min"), (3571, "1 h 00 min"), (90_000, "25 h 00 min")],
)
def test_time_span(seconds: float, shown: str) -> None:
    assert time_span(seconds) == shown
