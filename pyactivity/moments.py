"""Times for the eye: local, as short as can be understood, in English whatever the locale."""

from datetime import UTC, date, datetime, timedelta

_SECOND_NS = 10**9
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS_NEAR = 180  # within which a date does without its year
_DAYS_SHORT = 3  # a longer span does without times of day
SPAN_WIDTH = len("Tue 17 Nov 22:10 - Wed 18 Nov 01:10")


def local(time_ns: int) -> datetime:
    """A moment in local time, to the second, with the offset that was in force then."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time_ns // _SECOND_NS)).astimezone()


def iso(time_ns: int) -> str:
    """A moment for programs: local, ISO 8601 with nanoseconds and offset."""
    whole = local(time_ns).isoformat(timespec="seconds")
    return f"{whole[:19]}.{time_ns % _SECOND_NS:09d}{whole[19:]}"


def moment_text(time_ns: int, now_ns: int) -> str:
    """A moment to the minute: today 14:02, yesterday 14:02, Tue 17 Nov 14:02, 17 Nov 2024 14:02.

    The two ends of 64 bits are "after 11 Apr 2262" and "before 21 Sep 1677": a scan keeps no times beyond.
    """
    moment = local(time_ns)
    if time_ns in (-(2**63), 2**63 - 1):
        return f"{'after' if time_ns > 0 else 'before'} {_day_month(moment.date())} {moment.year}"
    return f"{_day_text(moment.date(), local(now_ns).date())} {moment:%H:%M}"


def span_text(first_ns: int, last_ns: int, now_ns: int) -> str:
    """A span, which says nothing twice: today 14:02 - 15:10, Tue 17 Nov 22:10 - Wed 18 Nov 01:10, 3 May - 7 Jun 2024.

    `SPAN_WIDTH` characters at most.
    """
    first, last, today = local(first_ns), local(last_ns), local(now_ns).date()
    begin, end = _day_text(first.date(), today), _day_text(last.date(), today)
    if first.date() == last.date():
        until = "" if (first.hour, first.minute) == (last.hour, last.minute) else f" - {last:%H:%M}"
        return f"{begin} {first:%H:%M}{until}"
    near = begin[-4:].isdecimal() is end[-4:].isdecimal() is False
    same_year = first.year == last.year
    if (last - first).days >= _DAYS_SHORT:
        if near or not same_year:
            return f"{begin} - {end}"
        return f"{_day_month(first.date())} - {_day_month(last.date())} {last.year}"
    if near:
        return f"{begin} {first:%H:%M} - {end} {last:%H:%M}"
    if same_year:
        return f"{_day_month(first.date())} {first.year} {first:%H:%M} - {_day_month(last.date())} {last:%H:%M}"
    return f"{_day_month(first.date())} {first.year} - {_day_month(last.date())} {last.year}"


def length_text(span_ns: int) -> str:
    """A length of time by its two largest units: 45 s, 12 min, 1 h 30 min, 2 d, 3 d 4 h."""
    seconds = round(span_ns / _SECOND_NS)
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(hours + minutes / 60), 24)
    return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"


def _day_text(day: date, today: date) -> str:
    if day == today:
        return "today"
    if day == today - timedelta(days=1):
        return "yesterday"
    # What is yet to come is odd enough to be told with its year, if that is another.
    if abs((today - day).days) <= _DAYS_NEAR and (day < today or day.year == today.year):
        return f"{_DAYS[day.weekday()]} {_day_month(day)}"
    return f"{_day_month(day)} {day.year}"


def _day_month(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"
