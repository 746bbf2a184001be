"""The timeline of a report as a picture: what is drawn, and where; `picture_svg` and `picture_png` write it.

Bars are as high as the cube root of their files: a week has three files or three hundred thousand. The largest of the
activities are named below (`picture_table`), with their numbers at their bars.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pyactivity.picture_axis import Axis, axis_of
from pyactivity.picture_shapes import (
    BULK,
    GROUND,
    HEIGHT,
    INK,
    LEFT,
    LINE,
    QUIET,
    RIGHT,
    WIDTH,
    WORK,
    Box,
    Shape,
    Words,
    badge,
    width_of,
)
from pyactivity.picture_table import Row, rows_of, table
from pyactivity.report import Report
from pyactivity.survey import STREAM
from pyactivity.words import count, display, humane_bytes
from pyactivity.zone import zone_of

_TOP, _BOTTOM = 118, 360
_APART = 19  # pixels from badge to badge


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
    rows = rows_of(report, zone)
    yield from _badges(rows, axis, everything)
    yield from table(rows)


def _heading(report: Report, members: NDArray[np.intp], strange: int) -> Iterator[Shape]:
    size_bytes = report.files.total_bytes(members)
    arriving = sum(part.kind == STREAM for part in report.parts)
    activities = count(len(report.parts) - arriving, "activity", "activities")
    what = f"{count(len(members), 'file')}, {humane_bytes(size_bytes)}, {activities}"
    if arriving:
        what += f", {count(arriving, 'stream')}"
    if strange:
        what += f"; {count(strange, 'file')} from before 1980 or the future not shown"
    yield Words(28, 46, _title(display(report.root)), 26, bold=True, room=WIDTH - 56)
    yield Words(28, 74, what, 15, QUIET)
    for x, colour, text in ((RIGHT - 284, WORK, "by hand"), (RIGHT - 196, BULK, "in bulk, or by themselves")):
        yield Box(x, 63, 12, 12, colour, 3)
        yield Words(x + 18, 74, text, 14, QUIET)


def _title(root: str) -> str:
    """What the picture is of; of a long path the end, which tells it from others."""
    head, cut = "Activity in ", ""
    while width_of(head + cut + root, 26, bold=True) > WIDTH - 56:
        cut, root = "\N{HORIZONTAL ELLIPSIS}", root[1:]
    return head + cut + root


def _grid(most: int) -> Iterator[Shape]:
    steps = [step for step in (10**power for power in range(19)) if step <= most and _share(step, most) > 0.08]
    if len(steps) < 2 and most > sum(steps):
        steps.append(most)
    for step in steps:
        y = _BOTTOM - _share(step, most) * (_BOTTOM - _TOP)
        yield Box(LEFT, y, RIGHT - LEFT, 1, LINE)
        yield Words(LEFT - 10, y + 5, f"{step:,}", 13, QUIET, "end")


def _share(files: int, most: int) -> float:
    return float((files / most) ** (1 / 3))


def _bars(axis: Axis, everything: NDArray[np.intp], work: NDArray[np.intp]) -> Iterator[Shape]:
    pitch = (RIGHT - LEFT) / len(axis)
    gap = min(4.0, pitch * 0.2)
    most = int(everything.max(initial=0))
    for position, counts in enumerate(zip(everything.tolist(), work.tolist(), strict=True)):
        for files, colour in zip(counts, (BULK, WORK), strict=True):
            if files and (colour == WORK or counts[0] > counts[1]):
                height = max(3.0, _share(files, most) * (_BOTTOM - _TOP))
                x = LEFT + position * pitch + gap / 2
                yield Box(x, _BOTTOM - height, pitch - gap, height, colour, min(2.0, pitch / 4))
    yield Box(LEFT, _BOTTOM, RIGHT - LEFT, 1, QUIET)


def _labels(axis: Axis) -> Iterator[Shape]:
    taken: list[tuple[float, float]] = []
    # Years first: they must not give way to a month.
    for label in sorted(axis.labels(), key=lambda label: not label.major):
        x = LEFT + label.share * (RIGHT - LEFT)
        end = x + width_of(label.text, 13) + 10
        if end + 4 <= WIDTH and all(end <= other or x >= other_end for other, other_end in taken):
            yield Box(x, _BOTTOM, 1, 6, QUIET)
            yield Words(x + 4, _BOTTOM + 20, label.text, 13, INK if label.major else QUIET)
            taken.append((x, end))
    yield Words(RIGHT, _BOTTOM + 38, f"one bar is {axis.unit}", 12, QUIET, "end")
    yield Words(LEFT, _BOTTOM + 38, "files; twice the height is eight times as many", 12, QUIET)


def _badges(rows: tuple[Row, ...], axis: Axis, everything: NDArray[np.intp]) -> Iterator[Shape]:
    """The numbers of the table's rows at their bars."""
    pitch, most = (RIGHT - LEFT) / len(axis), int(everything.max(initial=0))
    placed: list[tuple[float, float]] = []
    for number, row in enumerate(rows, 1):
        place = axis.place(row.first_s)
        top = _BOTTOM - _share(int(everything[place]), most) * (_BOTTOM - _TOP)
        yield from badge(*_free(LEFT + (place + 0.5) * pitch, top - 12, placed), number)


def _free(x: float, y: float, placed: list[tuple[float, float]]) -> tuple[float, float]:
    """Where a badge stands on no other: above the bar, or down in it where the legend would be in the way."""
    tries = range(1, 2 * len(placed) + 2)
    levels = [y, *(level for step in tries if (level := y - _APART * step) >= _TOP - 16)]
    levels += [y + _APART * step for step in tries]
    found = next(
        level
        for level in levels
        if all(abs(x - other) >= _APART or abs(level - height) >= _APART for other, height in placed)
    )
    placed.append((x, found))
    return x, found
