"""Schedules of jobs that both systemd and cron can express."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORDS = {
    "hourly": ("hourly", "0 * * * *"),
    "daily": ("daily", "0 0 * * *"),
    "weekly": ("weekly", "0 0 * * 1"),
    "monthly": ("monthly", "0 0 1 * *"),
}
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_FORM = re.compile(r"(?:(?P<day>[a-z]+|\d{1,2}) +)?(?P<hour>\d{1,2}):(?P<minute>\d{2})")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as systemd writes it (``OnCalendar=``), and in the five fields of cron."""

    calendar: str
    cron: str


def parse_schedule(text: str) -> Schedule:
    """Return the schedule of ``hourly``, ``daily``, ``weekly``, ``monthly``, ``02:30``, ``sun 02:30`` or ``1 02:30``.

    Raises
    ------
    ValueError
        It is none of these.
    """
    if text in _WORDS:
        return Schedule(*_WORDS[text])
    match = _FORM.fullmatch(text.strip().lower())
    if match is None or int(match["hour"]) > 23 or int(match["minute"]) > 59:
        raise ValueError(f"{text!r} is none of {', '.join(_WORDS)}, 02:30 (each day), sun 02:30, 1 02:30 (each month)")
    hour, minute, day = int(match["hour"]), int(match["minute"]), match["day"]
    clock = f"{hour:02}:{minute:02}:00"
    if day is None:
        return Schedule(f"*-*-* {clock}", f"{minute} {hour} * * *")
    if day.isdigit():
        if not 1 <= int(day) <= 28:
            raise ValueError(f"{text!r}: not each month has that day; 1 to 28 are in all")
        return Schedule(f"*-*-{int(day):02} {clock}", f"{minute} {hour} {int(day)} * *")
    numbers = [number for number, name in enumerate(_DAYS) if len(day) >= 3 and name.startswith(day)]
    if not numbers:
        raise ValueError(f"{text!r}: {day} is no day of the week")
    return Schedule(f"{day[:3].capitalize()} *-*-* {clock}", f"{minute} {hour} * * {numbers[0]}")
