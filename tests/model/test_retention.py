"""Which runs are kept: by rules that count what there is, each with its reason."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybackup.model.retention import Retention, why_kept

NS = 10**9
DAY = 86_400 * NS


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * NS


def kept(times: list[int], **rules: int) -> list[int]:
    return [moment for moment, why in zip(times, why_kept(times, Retention(**rules)), strict=True) if why]


def test_one_of_each_period_the_newest_with_its_reason() -> None:
    times = list(map(at, ("2025-12-31 23:59", "2026-11-27 12:00", "2026-11-28 01:00", "2026-11-28 02:00")))
    reasons = why_kept(times, Retention(last=1, daily=2, weekly=2, monthly=1, yearly=5, within_ns=2 * 3_600 * NS))
    assert reasons == [
        ["weekly: 2026-W01", "yearly: 2025"],
        ["daily: 2026-11-27"],
        ["within 2 hours of the newest"],
        [
            "last 1 of 1",
            "within 2 hours of the newest",
            "daily: 2026-11-28",
            "weekly: 2026-W48",
            "monthly: 2026-11",
            "yearly: 2026",
        ],
    ]


def test_days_are_those_of_the_calendar_also_where_the_clock_is_set() -> None:
    """The day on which summer time begins has 23 hours, the one on which it ends 25."""
    first = at("2026-03-29 00:00")
    times = [first, first + 23 * 3_600 * NS - 1, first + 23 * 3_600 * NS]
    assert kept(times, daily=9) == times[1:]
    first = at("2026-10-25 00:00")
    times = [first, first + 25 * 3_600 * NS - 1, first + 25 * 3_600 * NS]
    assert kept(times, daily=9) == times[1:]


def test_a_pause_costs_none() -> None:
    start = at("2020-01-01 12:00")
    before = [start + day * DAY for day in range(30)]
    after = at("2026-01-01 12:00")
    assert kept([*before, after], daily=7) == [*before[-6:], after]


def test_the_newest_is_kept_whatever_the_rules() -> None:
    assert why_kept([5, 9 * DAY], Retention(within_ns=DAY)) == [[], ["within 1 day of the newest"]]
    assert why_kept([], Retention(last=1)) == []


def test_runs_of_one_moment_are_told_apart() -> None:
    assert why_kept([7, 7], Retention(last=1)) == [[], ["last 1 of 1"]]


@pytest.mark.parametrize("rules", [{}, {"last": 0}, {"last": -1}, {"daily": 3, "weekly": -1}])
def test_rules_that_keep_nothing_are_refused(rules: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"keeps nothing|less than 0"):
        Retention(**rules)


COUNTS = st.integers(0, 5)
RULES = st.builds(Retention, last=st.integers(1, 5), daily=COUNTS, weekly=COUNTS, monthly=COUNTS, yearly=COUNTS)


@given(st.lists(st.integers(-200, 200).map(lambda hours: hours * 7 * 3_600 * NS), max_size=40), RULES)
def test_against_a_model(times: list[int], policy: Retention) -> None:
    """The model walks from the newest on and counts, a rule at a time."""
    order = sorted(range(len(times)), key=lambda place: (times[place], place))[::-1]
    stays = set(order[: policy.last])
    epoch = datetime(1970, 1, 1)
    zone = "Europe/Berlin"
    assert os.environ["TZ"] == zone
    for count, key in (
        (policy.daily, "%Y-%m-%d"),
        (policy.weekly, "%G-%V"),
        (policy.monthly, "%Y-%m"),
        (policy.yearly, "%Y"),
    ):
        of: dict[str, int] = {}
        for place in order:
            moment = epoch + timedelta(seconds=times[place] // NS + time.localtime(times[place] // NS).tm_gmtoff)
            of.setdefault(moment.strftime(key), place)
        stays.update(list(of.values())[:count])
    assert {place for place, why in enumerate(why_kept(times, policy)) if why} == stays


@given(st.lists(st.integers(0, 10**4).map(lambda hours: hours * 3_600 * NS), min_size=1, unique=True), RULES)
def test_what_goes_today_is_missed_by_nobody_tomorrow(times: list[int], policy: Retention) -> None:
    """Pruned after every run, or once at the end: the same stay."""
    times.sort()
    there: list[int] = []
    for moment in times:
        there.append(moment)
        there = [each for each, why in zip(there, why_kept(there, policy), strict=True) if why]
    assert there == [each for each, why in zip(times, why_kept(times, policy), strict=True) if why]
