"""Read spans and moments as people write them on a command line."""

import re
from datetime import UTC, date, datetime, time, timedelta

from pyactivity.errors import BadValue

_UNIT_NS = {"s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9, "d": 86_400 * 10**9}
_SPAN = re.compile(r"(?:[0-9]{1,9}[dhms])+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_span(text: str) -> int:
    """Nanoseconds of a span such as 1h, 90s, 2d or 1h30m. Raises BadValue."""
    if not _SPAN.fullmatch(text):
        raise BadValue(f"not a span of time such as 1h, 30m, 90s or 2d: {text!r}")
    return sum(int(number) * _UNIT_NS[unit] for number, unit in re.findall(r"([0-9]+)([dhms])", text))


def parse_since(text: str) -> int:
    """Nanoseconds since the epoch of an ISO date's begin or a datetime, local without an offset. Raises BadValue."""
    return _moment_ns(text, days=0)


def parse_until(text: str) -> int:
    """The same, but for a date the last nanosecond of its day, so that the day is included. Raises BadValue."""
    return _moment_ns(text, days=1)


def _moment_ns(text: str, *, days: int) -> int:
    """The moment written, or, of a date, its first nanosecond (days=0) or its last (days=1)."""
    try:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return _since_epoch_ns(datetime.fromisoformat(text))
        return _since_epoch_ns(datetime.combine(day + timedelta(days=days), time.min)) - days
    except (ValueError, OverflowError) as error:
        raise BadValue(f"not an ISO date or datetime such as 2024-05-03 or 2024-05-03T14:00: {text!r}") from error


def _since_epoch_ns(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) * 1_000
