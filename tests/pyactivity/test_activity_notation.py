"""What people write and read: spans, moments, sizes, names, in local time."""

import base64
import json
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyactivity import BadValue, Carrier, Group
from pyactivity.notation import parse_since, parse_span, parse_until
from pyactivity.render import count, display, humane_bytes, json_chunks, text_line

SECOND = 10**9
HOUR = 3_600 * SECOND
MAY_3_NOON = 1_714_730_400 * SECOND  # 2024-05-03 12:00 in central Europe, 10:00 UTC


@pytest.fixture(autouse=True)
def _central_europe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # A rule and not a name: machines without tzdata read it as well.
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


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


@pytest.mark.parametrize("text", ["", "yesterday", "2024-02-30", "2024-05-03T25:00", "2024-05-03x"])
@pytest.mark.parametrize("parse", [parse_since, parse_until])
def test_what_is_no_date_is_refused(parse: "type[int]", text: str) -> None:
    with pytest.raises(BadValue, match="not an ISO date"):
        parse(text)


def test_the_ends_of_the_calendar_are_read_or_refused() -> None:
    assert parse_since("9999-12-30") > 2**63
    with pytest.raises(BadValue, match="not an ISO date"):
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


def group(first_ns: int, last_ns: int, *carriers: Carrier, elsewhere: int = 0) -> Group:
    return Group(first_ns, last_ns, sum(c.files for c in carriers) + elsewhere, 2048, carriers)


@pytest.mark.parametrize(
    ("last_ns", "span"),
    [
        (MAY_3_NOON + 59 * SECOND, "2024-05-03 12:00"),
        (MAY_3_NOON + 60 * SECOND, "2024-05-03 12:00 - 12:01"),
        (MAY_3_NOON + 12 * HOUR, "2024-05-03 12:00 - 2024-05-04 00:00"),
    ],
)
def test_a_span_says_a_date_or_a_minute_only_once(last_ns: int, span: str) -> None:
    line = text_line(group(MAY_3_NOON, last_ns, Carrier(b"docs", 3, 2048)))
    assert line == f"{span:35}  {'3 files':>13}  {'2.0 KiB':>10}  docs"


def test_a_line_names_the_carriers_and_the_rest() -> None:
    carriers = Carrier(b"a\n", 5, 1), Carrier(b"b", 1_000, 1)
    assert text_line(group(0, 0, *carriers)).endswith(r"  a\n (5), b (1,000)")
    assert text_line(group(0, 0, *carriers, elsewhere=7)).endswith("  a\\n (5), b (1,000), 7 elsewhere")
    assert text_line(group(0, 0, carriers[0], elsewhere=1)).endswith("  a\\n (5), 1 elsewhere")


@pytest.mark.parametrize("moment", [-(2**63), -1, 2**63 - 1])
def test_the_ends_of_int64_can_be_shown(moment: int) -> None:
    assert json.loads("".join(json_chunks(group(moment, moment))))["from_ns"] == moment
    assert text_line(group(moment, moment))


def test_json_of_a_group() -> None:
    written = "".join(json_chunks(group(MAY_3_NOON, MAY_3_NOON + 1, Carrier(b"\xff", 2, 8), elsewhere=1)))
    assert json.loads(written) == {
        "from": "2024-05-03T12:00:00.000000000+02:00",
        "to": "2024-05-03T12:00:00.000000001+02:00",
        "from_ns": MAY_3_NOON,
        "to_ns": MAY_3_NOON + 1,
        "files": 3,
        "bytes": 2048,
        "directories": [{"path": {"bytes": "/w=="}, "files": 2, "bytes": 8}],
        "elsewhere": {"files": 1, "bytes": 2040},
    }


@settings(deadline=None)
@given(st.lists(st.binary(max_size=8) | st.text(max_size=8).map(lambda t: t.encode("utf-8", "replace")), max_size=5))
def test_every_name_survives_json(paths: list[bytes]) -> None:
    written = "".join(json_chunks(group(0, 0), iter(paths)))
    assert written.isascii()
    assert written.isprintable()
    names = json.loads(written)["names"]
    read = [name["text"].encode() if "text" in name else base64.b64decode(name["bytes"]) for name in names]
    assert read == paths
