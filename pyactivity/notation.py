"""Read spans, moments and sizes as people write them on a command line."""

import calendar
import re
import time
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal

from pyactivity.errors import BadValue

_SECOND_NS = 10**9
_UNIT_NS = {"s": _SECOND_NS, "m": 60 * _SECOND_NS, "h": 3_600 * _SECOND_NS, "d": 86_400 * _SECOND_NS}
_SPAN = re.compile(r"(?:[0-9]{1,9}[dhms])+")
_AGO = re.compile(r"([0-9]{1,9}|an?)\s*(second|sec|minute|min|hour|day|week|month|year)s?\s+ago")
_SECONDS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3_600}
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}
_SIZE = re.compile(r"([0-9]{1,15})\s*([kmgt]?)(?:i?b)?", re.IGNORECASE | re.ASCII)


def parse_span(text: str) -> int:
    """Nanoseconds of a span such as 1h, 90s, 2d or 1h30m. Raises BadValue."""
    if not _SPAN.fullmatch(text):
        raise BadValue(f"not a span of time such as 1h, 30m, 90s or 2d: {text!r}")
    return sum(int(number) * _UNIT_NS[unit] for number, unit in re.findall(r"([0-9]+)([dhms])", text))


def parse_since(text: str, *, now_ns: int | None = None) -> int:
    """Nanoseconds since the epoch of the moment a text names, of a day its begin. Raises BadValue.

    2024-05-03, '2024-05-03 14:00' (local, unless an offset or Z follows), today, yesterday, now, '2 weeks ago',
    @1714730400.5 (seconds since the epoch). Days, weeks, months and years go back by the calendar: the same time of
    day, a month's last day at most.

    now_ns  what "ago" counts from; None for the clock
    """
    return _moment_ns(text, 0, now_ns)


def parse_until(text: str, *, now_ns: int | None = None) -> int:
    """The same, but of a day its last nanosecond, so that the day is included. Raises BadValue."""
    return _moment_ns(text, 1, now_ns)


def parse_size(text: str) -> int:
    """Bytes of a size: 700M and 700MiB are 700 * 2**20. Raises BadValue."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise BadValue(f"not a size such as 700M: {text!r}")
    return int(match[1]) << 10 * ("", "k", "m", "g", "t").index(match[2].lower())


def _moment_ns(text: str, days: int, now_ns: int | None) -> int:
    """The moment written, or, of a day, its first nanosecond (days=0) or its last (days=1)."""
    now_ns = time.time_ns() if now_ns is None else now_ns
    words = text.strip().lower()
    try:
        if words.startswith("@"):
            seconds = Decimal(words[1:])
            if abs(seconds) < 2**63:  # not for NaN, nor infinity
                return int(seconds * _SECOND_NS)
        elif words == "now":
            return now_ns
        elif ago := _AGO.fullmatch(words):
            return _ago_ns(1 if ago[1] in ("a", "an") else int(ago[1]), ago[2], now_ns)
        elif (day := _day(words, now_ns)) is not None:
            return _to_ns(datetime.combine(day + timedelta(days=days), time_of_day.min)) - days
        else:
            return _to_ns(datetime.fromisoformat(text.strip()))
    except (ValueError, ArithmeticError, OSError):
        pass
    raise BadValue(f"not a time: {text!r}; write 2024-05-03, '2024-05-03 14:00', yesterday, '2 weeks ago' or @SECONDS")


def _day(words: str, now_ns: int) -> date | None:
    if words in ("today", "yesterday"):
        return datetime.fromtimestamp(now_ns // _SECOND_NS).date() - timedelta(days=words == "yesterday")
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None


def _ago_ns(count: int, unit: str, now_ns: int) -> int:
    if unit in _SECONDS:
        return now_ns - count * _SECONDS[unit] * _SECOND_NS
    now, fraction_ns = datetime.fromtimestamp(now_ns // _SECOND_NS), now_ns % _SECOND_NS
    if unit in _DAYS:
        return _to_ns(now - timedelta(days=count * _DAYS[unit])) + fraction_ns
    months = now.year * 12 + now.month - 1 - count * _MONTHS[unit]
    year, month = months // 12, months % 12 + 1
    last_day = calendar.monthrange(year, month)[1]
    return _to_ns(now.replace(year=year, month=month, day=min(now.day, last_day))) + fraction_ns


def _to_ns(moment: datetime) -> int:
    """A date in nanoseconds; not by way of a float, which would lose the last digits."""
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * _SECOND_NS + moment.microsecond * 1_000
