"""Points in time as people write them."""

from __future__ import annotations

import calendar
import re
import time
from datetime import datetime, timedelta
from decimal import Decimal

from pybackup.errors import UsageError

_SECOND_NS = 1_000_000_000
_RANGE_NS = 1 << 63  # what file systems and the index can hold
_AGO = re.compile(r"(\d{1,9}|an?)\s*(second|sec|minute|min|hour|day|week|month|year)s?\s+ago")
_SECONDS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600}
_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


def parse_since(text: str, *, now_ns: int | None = None) -> int:
    """Return the point in time a text names, in nanoseconds since the epoch.

    ``2026-01-31``, ``2026-01-31 18:30`` (local time unless an offset or ``Z`` follows), ``2 weeks ago``,
    ``yesterday``, ``today`` (local midnight), ``now``, ``@1769880600.5`` (seconds since the epoch). Days, weeks,
    months and years go back by the calendar: the same time of day, a month's last day at most.

    Parameters
    ----------
    now_ns
        What "ago" counts from; None for the clock.

    Raises
    ------
    UsageError
        The text is none of these, or the time out of range.
    """
    now_ns = time.time_ns() if now_ns is None else now_ns
    try:
        since_ns = _parse(text.strip(), now_ns)
    except (ValueError, ArithmeticError, OSError):
        since_ns = None
    if since_ns is None or not -_RANGE_NS <= since_ns < _RANGE_NS:
        raise UsageError(f"'{text}' is no time: write 2026-01-31, '2026-01-31 18:30', '2 weeks ago' or @SECONDS")
    return since_ns


def show_since(since_ns: int) -> str:
    """Return a point in time for a message: the local date, with the time of day where it is not midnight."""
    try:
        moment = datetime.fromtimestamp(since_ns // _SECOND_NS)
    except (ValueError, OverflowError, OSError):
        return f"@{since_ns / _SECOND_NS}"
    if moment.time() == datetime.min.time():
        return moment.date().isoformat()
    return moment.isoformat(" ")


def _parse(text: str, now_ns: int) -> int | None:
    if text.startswith("@"):
        seconds = Decimal(text[1:])
        return int(seconds * _SECOND_NS) if seconds.is_finite() and abs(seconds) < _RANGE_NS else None
    words = text.lower()
    if words == "now":
        return now_ns
    today = datetime.fromtimestamp(now_ns // _SECOND_NS).replace(hour=0, minute=0, second=0)
    if words in ("today", "yesterday"):
        return _to_ns(today - timedelta(days=words == "yesterday"))
    if ago := _AGO.fullmatch(words):
        count = 1 if ago[1] in ("a", "an") else int(ago[1])
        return _ago(count, ago[2], now_ns)
    return _to_ns(datetime.fromisoformat(text))


def _ago(count: int, unit: str, now_ns: int) -> int:
    if unit in _SECONDS:
        return now_ns - count * _SECONDS[unit] * _SECOND_NS
    now = datetime.fromtimestamp(now_ns // _SECOND_NS)
    fraction_ns = now_ns % _SECOND_NS
    if unit in _DAYS:
        return _to_ns(now - timedelta(days=count * _DAYS[unit])) + fraction_ns
    months = now.year * 12 + now.month - 1 - count * _MONTHS[unit]
    year, month = months // 12, months % 12 + 1
    last_day = calendar.monthrange(year, month)[1]
    return _to_ns(now.replace(year=year, month=month, day=min(now.day, last_day))) + fraction_ns


def _to_ns(moment: datetime) -> int:
    """Return a date in nanoseconds; not by way of a float, which would lose the last digits."""
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * _SECOND_NS + moment.microsecond * 1000
