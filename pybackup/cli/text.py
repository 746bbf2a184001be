"""Formatting messages, numbers, sizes and times for people."""

from __future__ import annotations

import math
import time

from pybackup.errors import PybackupError
from pybackup.model.display import display, printable
from pybackup.model.size import humane_bytes as humane_bytes

__all__ = [
    "count",
    "display",
    "duration",
    "flag",
    "humane_bytes",
    "local_time",
    "percentage",
    "printable",
    "reason_of",
    "spare",
]


def reason_of(error: PybackupError) -> str:
    """Return the message of an error, with options named as on the command line."""
    return error.worded(flag)


def flag(name: str) -> str:
    """Return an option as typed, from its name in Python."""
    return f"--{name.replace('_', '-')}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number and its noun: 1 file, 1,234 files."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percentage(part: int, whole: int) -> str:
    """Return a ratio as a percentage; a dash if the whole is 0."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def size_ratio(result_bytes: int, content_bytes: int) -> str:
    """Return the size of a result as a percentage of its content; if it is larger, by how much."""
    if result_bytes > content_bytes > 0:
        return f"{humane_bytes(result_bytes - content_bytes)} more"
    return percentage(result_bytes, content_bytes)


def spare(margin: float) -> str:
    """Return a fraction from 0 to 1 that is left of something as a percentage, rounded down: 100 % means all of it."""
    return f"{math.floor(100 * margin)} %"


def duration(seconds: float) -> str:
    """Return a time span in digits: 0.4 s, 12.3 s, 4:05, 1:02:03."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def time_span(seconds: float) -> str:
    """Return roughly how long something takes, in words: 12 s, 4 min, 1 h 02 min."""
    if seconds < 59.5:
        return f"{max(seconds, 1):.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def local_time(seconds: float) -> str:
    """Return a point in time, given in seconds since 1970, as local date and time."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
    except (ValueError, OverflowError, OSError):
        # The C library does not know the year.
        return f"@{seconds:.0f}"
