"""Times for the eye: right across daylight saving, leap days, and the ends of what a clock can hold."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyactivity.moments import SPAN_WIDTH, iso, length_text, moment_text, span_text

SECOND = 10**9
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
EUROPE = "CET-1CEST,M3.5.0,M10.5.0/3"  # rules and not names: machines without tzdata read them as well
NEW_YORK = "EST5EDT,M3.2.0,M11.1.0"
NEPAL = "NPT-5:45"

Zone = Callable[[str], None]


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zone]:
    def enter(rules: str) -> None:
        monkeypatch.setenv("TZ", rules)
        time.tzset()

    yield enter
    monkeypatch.undo()
    time.tzset()


def utc(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * SECOND


NOW = utc("2026-11-25 15:00")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-25 14:02", "today 15:02"),
        ("2026-11-25 23:30", "Thu 26 Nov 00:30"),
        ("2026-11-24 22:59", "yesterday 23:59"),
        ("2026-11-24 23:00", "today 00:00"),
        ("2026-11-17 09:10", "Tue 17 Nov 10:10"),
        ("2026-06-01 09:10", "Mon 1 Jun 11:10"),
        ("2026-05-20 09:10", "20 May 2026 11:10"),
        ("2024-02-28 23:30", "29 Feb 2024 00:30"),
        ("2024-02-29 23:30", "1 Mar 2024 00:30"),
        ("2100-02-28 23:30", "1 Mar 2100 00:30"),
        ("1969-12-31 23:30", "1 Jan 1970 00:30"),
        ("1999-12-31 22:59", "31 Dec 1999 23:59"),
    ],
)
def test_a_moment_is_local_and_humane(zone: Zone, moment: str, text: str) -> None:
    zone(EUROPE)
    assert moment_text(utc(moment), NOW) == text


@pytest.mark.parametrize(
    ("rules", "moment", "text"),
    [
        # The hour that does not exist, and the one that comes twice.
        (EUROPE, "2024-03-31 00:59", "31 Mar 2024 01:59"),
        (EUROPE, "2024-03-31 01:00", "31 Mar 2024 03:00"),
        (EUROPE, "2024-10-27 00:30", "27 Oct 2024 02:30"),
        (EUROPE, "2024-10-27 01:30", "27 Oct 2024 02:30"),
        (NEW_YORK, "2024-03-10 06:59", "10 Mar 2024 01:59"),
        (NEW_YORK, "2024-03-10 07:00", "10 Mar 2024 03:00"),
        (NEPAL, "2024-05-03 18:20", "4 May 2024 00:05"),
    ],
)
def test_clocks_that_are_changed(zone: Zone, rules: str, moment: str, text: str) -> None:
    zone(rules)
    assert moment_text(utc(moment), NOW) == text


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ("2026-11-25 14:02:10", "2026-11-25 14:02:50", "today 14:02"),
        ("2026-11-25 14:02", "2026-11-25 14:03", "today 14:02 - 14:03"),
        ("2026-11-24 23:10", "2026-11-25 01:10", "yesterday 23:10 - today 01:10"),
        ("2026-11-17 22:10", "2026-11-18 01:10", "Tue 17 Nov 22:10 - Wed 18 Nov 01:10"),
        ("2026-11-10 22:10", "2026-11-18 01:10", "Tue 10 Nov - Wed 18 Nov"),
        ("2024-11-28 22:10", "2024-11-29 01:10", "28 Nov 2024 22:10 - 29 Nov 01:10"),
        ("2024-05-03 22:10", "2024-06-07 01:10", "3 May - 7 Jun 2024"),
        ("2023-12-31 22:10", "2024-01-01 01:10", "31 Dec 2023 - 1 Jan 2024"),
        ("2019-12-31 22:10", "2024-01-01 01:10", "31 Dec 2019 - 1 Jan 2024"),
        ("2026-05-28 22:10", "2026-05-30 01:10", "28 May 2026 22:10 - 30 May 01:10"),
        ("2024-02-28 23:59", "2024-02-29 00:01", "28 Feb 2024 23:59 - 29 Feb 00:01"),
    ],
)
def test_a_span_says_nothing_twice(zone: Zone, first: str, last: str, text: str) -> None:
    zone("UTC0")
    assert span_text(utc(first), utc(last), NOW) == text


def test_a_span_over_the_hour_that_comes_twice(zone: Zone) -> None:
    zone(EUROPE)
    assert span_text(utc("2024-10-27 00:30"), utc("2024-10-27 02:30"), NOW) == "27 Oct 2024 02:30 - 03:30"


INT64 = st.integers(INT64_MIN, INT64_MAX)


@settings(deadline=None)
@given(INT64, INT64, INT64)
def test_every_span_of_int64_can_be_shown_in_the_width_it_has(one: int, other: int, now: int) -> None:
    text = span_text(min(one, other), max(one, other), now)
    assert text.isascii()
    assert 0 < len(text) <= SPAN_WIDTH


@settings(deadline=None)
@given(INT64)
def test_iso_gives_back_every_nanosecond(time_ns: int) -> None:
    text = iso(time_ns)
    whole = datetime.fromisoformat(text[:19] + text[29:])
    epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    assert (whole - epoch).days * 86_400 + (whole - epoch).seconds == time_ns // SECOND
    assert int(text[20:29]) == time_ns % SECOND


@settings(deadline=None)
@given(st.integers(0, 4 * 10**18))
def test_moments_agree_with_an_independent_reading(time_ns: int) -> None:
    # In the process's own zone, whatever it is.
    plain = datetime.fromtimestamp(time_ns // SECOND, UTC)
    assert datetime.fromisoformat(iso(time_ns)[:19] + iso(time_ns)[29:]) == plain


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (INT64_MIN, "1677-09-21T00:12:43.145224192+00:00"),
        (-1, "1969-12-31T23:59:59.999999999+00:00"),
        (INT64_MAX, "2262-04-11T23:47:16.854775807+00:00"),
    ],
)
def test_negative_and_far_future_times(zone: Zone, time_ns: int, text: str) -> None:
    zone("UTC0")
    assert iso(time_ns) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (0, "0 s"),
        (59 * SECOND, "59 s"),
        (60 * SECOND, "1 min"),
        (90 * MINUTE, "1 h 30 min"),
        (HOUR, "1 h"),
        (23 * HOUR + 59 * MINUTE, "23 h 59 min"),
        (DAY, "1 d"),
        (3 * DAY + 4 * HOUR, "3 d 4 h"),
        (40 * DAY + 4 * HOUR, "40 d"),
    ],
)
def test_lengths(span: int, text: str) -> None:
    assert length_text(span) == text


@pytest.mark.parametrize(("rules", "after"), [("UTC0", "after 11 Apr 2262"), (NEPAL, "after 12 Apr 2262")])
def test_the_ends_of_what_a_scan_keeps_are_no_moments(zone: Zone, rules: str, after: str) -> None:
    zone(rules)
    assert moment_text(INT64_MAX, NOW) == after
    assert moment_text(INT64_MIN, NOW) == "before 21 Sep 1677"
    assert moment_text(INT64_MAX - 1, NOW).startswith(after.removeprefix("after "))


@pytest.mark.parametrize(
    ("now", "moment", "text"),
    [
        ("2026-11-29 12:00", "2027-03-02 08:00", "2 Mar 2027 08:00"),
        ("2026-11-29 12:00", "2026-12-02 08:00", "Wed 2 Dec 08:00"),
        ("2027-01-10 12:00", "2026-12-02 08:00", "Wed 2 Dec 08:00"),
        ("2026-12-31 12:00", "2027-01-02 08:00", "2 Jan 2027 08:00"),
    ],
)
def test_what_is_yet_to_come_in_another_year_has_its_year(zone: Zone, now: str, moment: str, text: str) -> None:
    """A file of 2027 looked as if it were of last spring."""
    zone("UTC0")
    assert moment_text(utc(moment), utc(now)) == text
