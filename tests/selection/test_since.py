"""Points in time, in a fixed time zone with summer time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.errors import UsageError
from pybackup.selection.since import parse_since, show_since

BERLIN = ZoneInfo("Europe/Berlin")
NS = 1_000_000_000


@pytest.fixture(autouse=True, scope="module")
def berlin() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def _ns(*when: int) -> int:
    return int(datetime(*when, tzinfo=BERLIN).timestamp()) * NS  # type: ignore[misc,arg-type]


NOW_NS = _ns(2026, 3, 31, 12, 0, 0) + 5


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("2026-01-01", _ns(2026, 1, 1)),
        ("2026-07-01", _ns(2026, 7, 1)),
        (" 2026-07-01 18:30 ", _ns(2026, 7, 1, 18, 30)),
        ("2026-07-01T18:30:15.000001", _ns(2026, 7, 1, 18, 30, 15) + 1000),
        ("2026-07-01T18:30Z", _ns(2026, 7, 1, 20, 30)),
        ("2026-07-01T18:30+05:00", _ns(2026, 7, 1, 15, 30)),
        ("1960-01-01", _ns(1960, 1, 1)),
        ("2 weeks ago", _ns(2026, 3, 17, 12) + 5),  # summer time began on the 29th: same time of day, 23 hours less
        ("1 day ago", _ns(2026, 3, 30, 12) + 5),
        ("a day ago", _ns(2026, 3, 30, 12) + 5),
        ("3 Days ago", _ns(2026, 3, 28, 12) + 5),
        ("72 hours ago", NOW_NS - 72 * 3600 * NS),
        ("90 min ago", NOW_NS - 90 * 60 * NS),
        ("10 seconds ago", NOW_NS - 10 * NS),
        ("1 month ago", _ns(2026, 2, 28, 12) + 5),
        ("25 months ago", _ns(2024, 2, 29, 12) + 5),
        ("1 year ago", _ns(2025, 3, 31, 12) + 5),
        ("yesterday", _ns(2026, 3, 30)),
        ("today", _ns(2026, 3, 31)),
        ("now", NOW_NS),
        ("@0", 0),
        ("@1769880600.123456789", 1769880600_123456789),
        ("@-1.5", -1_500_000_000),
    ],
)
def test_reads(text: str, expected_ns: int) -> None:
    assert parse_since(text, now_ns=NOW_NS) == expected_ns


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-02-30", "2 fortnights ago", "@", "@x", "@nan", "@inf", "@1e30", "@1e999999999999999999",
     "9999 years ago", "999999999 weeks ago", "-1 days ago", "9999-12-31", "0001-01-01", "2 weeks", "weeks ago"],
)  # fmt: skip
def test_refuses(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        parse_since(text, now_ns=NOW_NS)


@given(st.text(max_size=20))
def test_never_anything_but_a_number_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        assert isinstance(parse_since(text), int)


def test_counts_from_the_clock() -> None:
    assert abs(parse_since("now") - time.time_ns()) < 3600 * NS


@given(st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(2200, 1, 1)))
def test_shows_what_it_reads(moment: datetime) -> None:
    text = moment.replace(microsecond=0).isoformat(" ")
    shown = show_since(parse_since(text))
    # An hour that summer time skips does not exist, and comes out as the hour after.
    assert parse_since(shown) == parse_since(text)
    assert show_since(parse_since(text[:10])) == text[:10]


def test_shows_what_no_calendar_holds() -> None:
    assert show_since(10**30).startswith("@")
