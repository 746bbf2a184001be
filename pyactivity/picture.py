"""The timeline of a report as a picture: what is drawn, and where; `picture_svg` and `picture_png` write it.

Bars are as high as the cube root of their files: a week has three files or three hundred thousand. The largest of the
activities are named below, with their numbers at their bars.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pyactivity.description import Group, describe
from pyactivity.picture_axis import Axis, axis_of
from pyactivity.report import Report
from pyactivity.survey import STREAM
from pyactivity.words import count, display, humane_bytes
from pyactivity.zone import Zone, zone_of

WIDTH, HEIGHT = 1200, 560
GROUND, INK, QUIET, LINE = "#fffefb", "#22262b", "#5f6368", "#e2ded5"
WORK, BULK = "#12716a", "#b9b3a6"
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, WIDTH - 28, 118, 360
_BY_HAND, _IN_BULK = 3, 2  # so many activities are named
_BADGES = _BY_HAND + _IN_BULK


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle; lengths in pixels."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    radius: float = 0


@dataclass(frozen=True, slots=True)
class Words:
    """Text on the base line `y`, all of it printable; `x` is its start, middle or end."""

    x: float
    y: float
    text: str
    size: int = 14
    colour: str = INK
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False
    room: float = WIDTH  # what is wider is cut


Shape = Box | Words


def picture(report: Report) -> Iterator[Shape]:
    """What the picture of a report consists of, back to front."""
    members, group = report.members()
    now_ns = np.array([report.survey.now_ns])
    zone = zone_of(np.append(report.times_ns[members], now_ns))
    shown = report.on_axis()[group] if len(group) else np.zeros(0, np.bool_)
    wall_s = zone.wall_s(report.times_ns[members])
    axis = axis_of(wall_s[shown], int(zone.wall_s(now_ns)[0]))
    yield Box(0, 0, WIDTH, HEIGHT, GROUND)
    yield from _heading(report, members, int(np.count_nonzero(~shown)))
    everything = axis.histogram(wall_s[shown])
    work = axis.histogram(wall_s[shown & report.by_hand()])
    yield from _grid(int(everything.max(initial=0)))
    yield from _bars(axis, everything, work)
    yield from _labels(axis)
    yield from _largest(report, axis, zone, everything)


def _heading(report: Report, members: NDArray[np.intp], strange: int) -> Iterator[Shape]:
    size_bytes = sum(report.files.size_bytes[members].tolist())
    arriving = sum(part.kind == STREAM for part in report.parts)
    activities = count(len(report.parts) - arriving, "activity", "activities")
    what = f"{count(len(members), 'file')}, {humane_bytes(size_bytes)}, {activities}"
    if arriving:
        what += f", {count(arriving, 'stream')}"
    if strange:
        what += f"; {count(strange, 'file')} from before 1980 or the future not shown"
    yield Words(28, 46, f"Activity in {display(report.root)}", 26, bold=True, room=WIDTH - 56)
    yield Words(28, 74, what, 15, QUIET)
    for x, colour, text in ((_RIGHT - 284, WORK, "by hand"), (_RIGHT - 196, BULK, "in bulk, or by themselves")):
        yield Box(x, 63, 12, 12, colour, 3)
        yield Words(x + 18, 74, text, 14, QUIET)


def _grid(most: int) -> Iterator[Shape]:
    steps = [step for step in (10**power for power in range(19)) if step <= most and _share(step, most) > 0.08]
    if len(steps) < 2 and most > sum(steps):
        steps.append(most)
    for step in steps:
        y = _BOTTOM - _share(step, most) * (_BOTTOM - _TOP)
        yield Box(_LEFT, y, _RIGHT - _LEFT, 1, LINE)
        yield Words(_LEFT - 10, y + 5, f"{step:,}", 13, QUIET, "end")


def _share(files: int, most: int) -> float:
    return float((files / most) ** (1 / 3))


def _bars(axis: Axis, everything: NDArray[np.intp], work: NDArray[np.intp]) -> Iterator[Shape]:
    pitch = (_RIGHT - _LEFT) / len(axis)
    gap = min(4.0, pitch * 0.2)
    most = int(everything.max(initial=0))
    for position, counts in enumerate(zip(everything.tolist(), work.tolist(), strict=True)):
        for files, colour in zip(counts, (BULK, WORK), strict=True):
            if files and (colour == WORK or counts[0] > counts[1]):
                height = max(3.0, _share(files, most) * (_BOTTOM - _TOP))
                x = _LEFT + position * pitch + gap / 2
                yield Box(x, _BOTTOM - height, pitch - gap, height, colour, min(2.0, pitch / 4))
    yield Box(_LEFT, _BOTTOM, _RIGHT - _LEFT, 1, QUIET)


def _labels(axis: Axis) -> Iterator[Shape]:
    taken: list[tuple[float, float]] = []
    # Years first: they must not give way to a month.
    for label in sorted(axis.labels(), key=lambda label: not label.major):
        x = _LEFT + label.share * (_RIGHT - _LEFT)
        end = x + len(label.text) * 8 + 10
        if end <= WIDTH and all(end <= other or x >= other_end for other, other_end in taken):
            yield Box(x, _BOTTOM, 1, 6, QUIET)
            yield Words(x + 4, _BOTTOM + 20, label.text, 13, INK if label.major else QUIET)
            taken.append((x, end))
    yield Words(_RIGHT, _BOTTOM + 38, f"one bar is {axis.unit}", 12, QUIET, "end")
    yield Words(_LEFT, _BOTTOM + 38, "files; twice the height is eight times as many", 12, QUIET)


def _largest(report: Report, axis: Axis, zone: Zone, everything: NDArray[np.intp]) -> Iterator[Shape]:
    """The largest activities by their files, those by hand first, and their numbers at their bars."""
    parts, times_ns = report.parts, report.times_ns
    chosen = _chosen(report)
    if chosen:
        yield Words(28, 416, "Largest activities", 15, bold=True)
        yield Words(190, 416, "by their files, those of bulk events last", 13, QUIET)
    pitch, most = (_RIGHT - _LEFT) / len(axis), int(everything.max(initial=0))
    placed: list[tuple[float, float]] = []
    for line, number in enumerate(chosen):
        group = describe(report.files, parts[number].members, by=report.survey.by, bulk=report.survey.bulk)
        first_s, last_s = zone.wall_s(times_ns[parts[number].members[[0, -1]]]).tolist()
        place = axis.place(first_s)
        x = _LEFT + (place + 0.5) * pitch
        top = _BOTTOM - _share(int(everything[place]), most) * (_BOTTOM - _TOP)
        yield from _badge(*_free(x, top - 12, placed), line + 1)
        y = 442 + line * 24
        yield from _badge(38, y - 5, line + 1)
        yield Words(58, y, _span(first_s, last_s), 14, room=330)
        yield Words(480, y, count(group.files, "file"), 14, anchor="end")
        yield Words(570, y, humane_bytes(group.size_bytes), 14, anchor="end")
        yield Words(594, y, _where(report, group), 14, QUIET, room=WIDTH - 28 - 594)


def _chosen(report: Report) -> list[int]:
    """The parts with the most files by hand, and those with the most in bulk, each the largest first."""
    numbers = [n for n in np.flatnonzero(report.on_axis()).tolist() if report.parts[n].kind != STREAM]
    in_bulk = {number: int(np.count_nonzero(report.survey.bulk[report.parts[number].members])) for number in numbers}
    by_hand = {number: len(report.parts[number].members) - in_bulk[number] for number in numbers}
    chosen = sorted(filter(by_hand.get, numbers), key=lambda number: -by_hand[number])[:_BY_HAND]
    rest = sorted(set(filter(in_bulk.get, numbers)) - set(chosen), key=lambda number: -in_bulk[number])
    return chosen + rest[:_IN_BULK]


def _free(x: float, y: float, placed: list[tuple[float, float]]) -> tuple[float, float]:
    """Where a badge stands on no other: above the bar, or down in it where the legend would be in the way."""
    levels = [y - 19 * level for level in range(_BADGES) if y - 19 * level >= _TOP - 16]
    levels += [y + 19 * level for level in range(1, 2 * _BADGES)]
    found = next(
        level for level in levels if all(abs(x - other) >= 19 or abs(level - height) >= 19 for other, height in placed)
    )
    placed.append((x, found))
    return x, found


def _badge(x: float, y: float, number: int) -> Iterator[Shape]:
    yield Box(x - 9, y - 9, 18, 18, INK, 9)
    yield Words(x, y + 4.5, str(number), 12, GROUND, "middle", bold=True)


def _where(report: Report, group: Group) -> str:
    texts = []
    for carrier in group.carriers:
        path = display(report.below(carrier.path) or b".")
        how = "of history" if carrier.bulk == "history" else carrier.bulk
        texts.append(f"{carrier.files:,} {how} in {path}" if how else path)
    return ", ".join(texts + (["elsewhere"] if group.files_elsewhere else []))


def _span(first_s: int, last_s: int) -> str:
    first, last = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds) for seconds in (first_s, last_s))
    start = f"{first:%a} {first.day} {first:%b %Y, %H:%M}"
    if first.date() == last.date():
        return start if last_s - first_s < 60 else f"{start} \N{EN DASH} {last:%H:%M}"
    return f"{start} \N{EN DASH} {last.day} {last:%b, %H:%M}"
