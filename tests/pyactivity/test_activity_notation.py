"""What people write and read: spans, moments, sizes, names, in local time."""

from collections.abc import Iterator

import pytest
from kit.system import local_zone

from pyactivity import BadValue
from pyactivity.notation import parse_since, parse_size, parse_span, parse_until
from pyactivity.words import count, display, humane_bytes

SECOND = 10**9
HOUR = 3_600 * SECOND
MAY_3_NOON = 1_714_730_400 * SECOND  # 2024-05-03 12:00 in central Europe, 10:00 UTC


@pytest.fixture(autouse=True)
def _central_europe() -> Iterator[None]:
    with local_zone("CET-1CEST,M3.5.0,M10.5.0/3"):
        yield


@pytest.mark.parametrize(
    ("text", "span"),
    [("1h", HOUR), ("30m", HOUR // 2), ("90s", 90 * SECOND), ("2d", 48 * HOUR), ("1h30m", HOUR * 3 // 2), ("0s", 0)],
)
def test_spans(text: str, span: int) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "1", "h", "-1h", "1 h", "1h ", "1w", "1.5h", "1H", "٣h", "9" * 5_000 + "s"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="not a span"):
        parse_span(text)


@pytest.mark.parametrize(
    "text", ["2024-05-03T12:00", "2024-05-03 12:00:00", "2024-05-03T10:00Z", "2024-05-03T13:00:00.000+03:00"]
)
def test_a_datetime_is_that_moment_for_both_ends(text: str) -> None:
    assert parse_since(text) == parse_until(text) == MAY_3_NOON


def test_a_date_is_its_whole_local_day() -> None:
    assert parse_since("2024-05-03") == MAY_3_NOON - 12 * HOUR
    assert parse_until("2024-05-03") == MAY_3_NOON + 12 * HOUR - 1


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-12-31", 24)])
def test_days_that_change_the_clocks_are_shorter_or_longer(day: str, hours: int) -> None:
    assert parse_until(day) - parse_since(day) == hours * HOUR - 1


@pytest.mark.parametrize(
    "text", ["", "soon", "2024-02-30", "2023-02-29", "2024-05-03T25:00", "2024-05-03x", "@", "@nan", "@inf", "1 ago"]
)
@pytest.mark.parametrize("parse", [parse_since, parse_until])
def test_what_is_no_time_is_refused(parse: "type[int]", text: str) -> None:
    with pytest.raises(BadValue, match="not a time"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("now", MAY_3_NOON, MAY_3_NOON),
        ("today", MAY_3_NOON - 12 * HOUR, MAY_3_NOON + 12 * HOUR - 1),
        ("Yesterday", MAY_3_NOON - 36 * HOUR, MAY_3_NOON - 12 * HOUR - 1),
        ("90 seconds ago", MAY_3_NOON - 90 * SECOND, MAY_3_NOON - 90 * SECOND),
        ("an hour ago", MAY_3_NOON - HOUR, MAY_3_NOON - HOUR),
        ("2 weeks ago", MAY_3_NOON - 14 * 24 * HOUR, MAY_3_NOON - 14 * 24 * HOUR),
        # Over the night in which the clocks went forward: the same time of day, an hour less apart.
        ("40 days ago", MAY_3_NOON - 40 * 24 * HOUR + HOUR, MAY_3_NOON - 40 * 24 * HOUR + HOUR),
        ("@1.5", 1_500_000_000, 1_500_000_000),
        ("@-1", -SECOND, -SECOND),
    ],
)
def test_moments_in_words(text: str, since: int, until: int) -> None:
    assert parse_since(text, now_ns=MAY_3_NOON) == since
    assert parse_until(text, now_ns=MAY_3_NOON) == until


def test_months_and_years_go_back_by_the_calendar() -> None:
    leap_day = parse_since("2024-02-29 08:00")
    assert parse_since("a year ago", now_ns=leap_day + 7) == parse_since("2023-02-28 08:00") + 7
    assert parse_since("4 years ago", now_ns=leap_day) == parse_since("2020-02-29 08:00")
    assert parse_since("1 month ago", now_ns=parse_since("2024-03-31 08:00")) == leap_day


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("700M", 700 << 20), ("4.", None), ("4 gib", 4 << 30), ("1e3", None)]
)
def test_sizes_of_media(text: str, size: int | None) -> None:
    if size is None:
        with pytest.raises(BadValue, match="not a size"):
            parse_size(text)
    else:
        assert parse_size(text) == size


def test_the_ends_of_the_calendar_are_read_or_refused() -> None:
    assert parse_since("9999-12-30") > 2**63
    with pytest.raises(BadValue, match="not a time"):
        parse_until("9999-12-31")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (4_700_000_000, "4.4 GiB"),
        (1024**4, "1.0 TiB"),
        (2**63, "8.0 EiB"),
        (2**74, "16384.0 EiB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert humane_bytes(size) == text


def test_counts() -> None:
    assert [count(number, "file") for number in (0, 1, 1_234)] == ["0 files", "1 file", "1,234 files"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (b"a b.txt", "a b.txt"),
        ("é/日本".encode(), "é/日本"),
        (b"a\nb\x1b[31m", r"a\nb\x1b[31m"),
        (b"\xff\xe9t\xc3\xa9", r"\xff\xe9té"),
        (rb"a\nb", r"a\\nb"),
        ("txt.\u202egpj".encode(), r"txt.\u202egpj"),
    ],
)
def test_names_for_the_eye(path: bytes, text: str) -> None:
    assert display(path) == text
