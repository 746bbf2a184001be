"""Which of many runs are kept: the last ones, and one for each of so many days, weeks, months and years."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

_NS = 10**9
_HOUR_NS = 3_600 * _NS
_DAY_NS = 24 * _HOUR_NS


@dataclass(frozen=True, slots=True)
class Retention:
    """How many are kept; what any of the rules keeps is kept.

    Rules count what there is, not days that went by: after a pause of a year as many are kept as before it.

    Attributes
    ----------
    last
        The newest ones.
    daily, weekly, monthly, yearly
        The newest one of each of the last so many days, ISO weeks, months and years that have one, in local time.
    within_ns
        All that are at most so much older than the newest, in nanoseconds.
    """

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    within_ns: int = 0

    def __post_init__(self) -> None:
        counts = (self.last, self.daily, self.weekly, self.monthly, self.yearly, self.within_ns)
        if min(counts) < 0:
            raise ValueError("a number that is kept is less than 0")
        if not any(counts):
            raise ValueError(
                "it keeps nothing: at least one of last, daily, weekly, monthly, yearly and within is needed"
            )


def why_kept(times_ns: Sequence[int], policy: Retention) -> list[list[str]]:
    """Return for each time the reasons for which its run is kept, an empty list where there is none.

    The newest has one always, by whatever rule there is. Of equal times the later one in the sequence is the newer.

    Parameters
    ----------
    times_ns
        Nanoseconds since the epoch, in any order.
    """
    reasons: list[list[str]] = [[] for _ in times_ns]
    newest_first = sorted(range(len(times_ns)), key=lambda place: (times_ns[place], place), reverse=True)
    for rank, place in enumerate(newest_first, 1):
        if rank <= policy.last:
            reasons[place].append(f"last {rank} of {policy.last}")
        if policy.within_ns and times_ns[newest_first[0]] - times_ns[place] <= policy.within_ns:
            reasons[place].append(f"within {_shown_span(policy.within_ns)} of the newest")
    for name in PERIODS:
        seen: set[str] = set()
        for place in newest_first:
            which = period_of(times_ns[place], name)
            if which not in seen and len(seen) < getattr(policy, name):
                seen.add(which)
                reasons[place].append(f"{name}: {which}")
    return reasons


def period_of(time_ns: int, name: str) -> str:
    """Return the day, ISO week, month or year of a time in local time, by the name that it has in `PERIODS`."""
    moment = time.localtime(time_ns // _NS)
    return PERIODS[name](date(moment.tm_year, moment.tm_mon, moment.tm_mday))


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _year(day: date) -> str:
    return str(day.year)


PERIODS: Mapping[str, Callable[[date], str]] = {
    "daily": date.isoformat,
    "weekly": _week,
    "monthly": _month,
    "yearly": _year,
}


def _shown_span(span_ns: int) -> str:
    days, rest = divmod(span_ns, _DAY_NS)
    return f"{days} day{'s' if days != 1 else ''}" if not rest else f"{span_ns / _HOUR_NS:g} hours"
