"""The axis of time of a picture: bars of a unit of the calendar that suits how much time there is to show."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400
# The unit of a bar, from how many days on it is too fine, and its seconds where they are always the same.
_UNITS = (
    ("an hour", 4, 3_600),
    ("a day", 150, _DAY_S),
    ("a week", 1_150, 7 * _DAY_S),
    ("a month", 9_200, 0),
    ("a year", 10**9, 0),
)
# 1970-01-05 was a Monday.
_MONDAY_S = 4 * _DAY_S


@dataclass(frozen=True, slots=True)
class Label:
    """Where something begins, from 0 to 1 of the width, its name, and whether that is a year."""

    share: float
    text: str
    major: bool


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """k bars, one after the other: edges_s (k + 1,) int64, seconds by the clock on the wall (see `zone`)."""

    unit: str
    edges_s: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.edges_s) - 1

    def place(self, wall_s: int) -> int:
        """The bar of a moment, the first or last for one outside."""
        return int(np.clip(np.searchsorted(self.edges_s, wall_s, "right") - 1, 0, len(self) - 1))

    def histogram(self, wall_s: NDArray[np.int64]) -> NDArray[np.intp]:
        """How many of these moments lie in each bar."""
        return np.histogram(wall_s, self.edges_s)[0]

    def labels(self) -> Iterator[Label]:
        """Where a year, a month, a Monday, a day or an hour begins."""
        before = _EPOCH
        for position, edge in enumerate(self.edges_s[:-1].tolist()):
            moment = _EPOCH + timedelta(seconds=edge)
            if text := self._label(moment, before, first=not position):
                yield Label(position / len(self), text, text == f"{moment:%Y}")
            before = moment

    def _label(self, moment: datetime, before: datetime, *, first: bool) -> str:
        if self.unit == "a year" or (moment.year != before.year and not first and self.unit != "an hour"):
            return f"{moment:%Y}"
        if self.unit == "an hour":
            return f"{moment:%H:%M}" if moment.hour and not first else f"{moment.day} {moment:%b}"
        if self.unit == "a day":
            return f"{moment.day} {moment:%b}" if first or moment.weekday() == 0 else ""
        quarter = self.unit == "a week" or moment.month % 3 == 1
        return f"{moment:%b}" if first or (quarter and moment.month != before.month) else ""


def axis_of(wall_s: NDArray[np.int64], now_s: int) -> Axis:
    """An axis from the first of these moments to the last, or to now if that is later."""
    first, last = int(wall_s.min(initial=now_s)), int(wall_s.max(initial=now_s))
    days = (last - first) // _DAY_S + 1
    unit, _, step = next(row for row in _UNITS if days <= row[1])
    if step:
        start = (first - _MONDAY_S) // step * step + _MONDAY_S
        return Axis(unit, start + step * np.arange((last - start) // step + 2))
    months = 1 if unit == "a month" else 12
    number = _month(first) // months * months
    edges = [number]
    while edges[-1] <= _month(last):
        edges.append(edges[-1] + months)
    starts = [int((datetime(edge // 12, edge % 12 + 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()) for edge in edges]
    return Axis(unit, np.array(starts, np.int64))


def _month(wall_s: int) -> int:
    moment = _EPOCH + timedelta(seconds=wall_s)
    return moment.year * 12 + moment.month - 1
