"""Points in time as people write them, read as pyactivity reads them."""

from __future__ import annotations

from datetime import datetime

from pyactivity.errors import BadValue
from pyactivity.notation import parse_since as parse_moment
from pybackup.errors import UsageError

_SECOND_NS = 1_000_000_000
_RANGE_NS = 1 << 63  # what file systems and the index can hold


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
    try:
        since_ns = parse_moment(text, now_ns=now_ns)
    except BadValue:
        since_ns = _RANGE_NS
    if not -_RANGE_NS <= since_ns < _RANGE_NS:
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
