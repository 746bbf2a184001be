"""The largest activities of a report as a table, with size and count on one axis.

Files and bytes have no unit in common, but a share: of all files, and of all bytes, that a person made. Both shares of
an activity are bars on one axis of per cent, and the greater of the two is what the activities are ordered by. What
came in bulk is no part of that, and stands below.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from pyactivity.description import describe
from pyactivity.picture_shapes import BYTES, LINE, QUIET, WIDTH, WORK, Box, Shape, Words, badge, width_of
from pyactivity.report import Report
from pyactivity.survey import STREAM
from pyactivity.words import count, display, humane_bytes
from pyactivity.zone import Zone

_MADE, _IN_BULK = 4, 2  # so many of each
_WHEN, _FILES, _SIZE, _AXIS, _AXIS_END, _WHERE = 58, 448, 544, 570, 770, 794
_HEAD, _FIRST, _STEP = 428, 476, 25
_TICKS = 4  # at most, without the zero
_CARRIERS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    first_s, last_s  by the clock on the wall (see `zone`)
    shares           of all files and of all bytes that were made by hand, 0 to 1; none of what came in bulk
    where            directories, for the eye
    """

    first_s: int
    last_s: int
    files: int
    size_bytes: int
    shares: tuple[float, float] | None
    where: str


def rows_of(report: Report, zone: Zone) -> tuple[Row, ...]:
    """The activities with the greatest share of what was made, then those with the most files that came in bulk."""
    members, group = report.members()
    made = report.by_hand() & report.on_axis()[group] if len(group) else np.zeros(0, np.bool_)
    count_parts = len(report.parts)
    own_bytes = report.files.bytes_once(members).astype(np.float64)
    files = np.bincount(group[made], minlength=count_parts)
    sizes = np.bincount(group[made], own_bytes[made], minlength=count_parts)
    shares = files / max(files.sum(), 1), sizes / max(sizes.sum(), 1.0)
    weight = np.maximum(*shares)
    largest = [number for number in np.argsort(-weight, kind="stable")[:_MADE].tolist() if files[number]]
    bulk = report.survey.bulk
    rows = [
        _row(report, zone, number, ~bulk, (float(shares[0][number]), float(shares[1][number]))) for number in largest
    ]
    rows += [_row(report, zone, number, bulk, None) for number in _in_bulk(report)]
    return tuple(rows)


def _in_bulk(report: Report) -> list[int]:
    dated = [n for n in np.flatnonzero(report.on_axis()).tolist() if report.parts[n].kind != STREAM]
    held = {number: int(np.count_nonzero(report.survey.bulk[report.parts[number].members])) for number in dated}
    return sorted(filter(held.get, dated), key=lambda number: -held[number])[:_IN_BULK]


def _row(report: Report, zone: Zone, number: int, which: NDArray[np.bool_], shares: tuple[float, float] | None) -> Row:
    members = report.parts[number].members
    members = members[which[members]]
    group = describe(report.files, members, by=report.survey.by, bulk=report.survey.bulk)
    first_s, last_s = zone.wall_s(report.times_ns[members[[0, -1]]]).tolist()
    texts = []
    for carrier in group.carriers[: _CARRIERS if shares else None]:
        path = display(report.below(carrier.path) or b".")
        how = "of history" if carrier.bulk == "history" else carrier.bulk
        texts.append(f"{carrier.files:,} {how} in {path}" if how else path)
    where = ", ".join(texts + (["elsewhere"] if group.files_elsewhere else []))
    return Row(first_s, last_s, group.files, group.size_bytes, shares, where)


def table(rows: tuple[Row, ...]) -> Iterator[Shape]:
    """The shapes of the table."""
    if not rows:
        return
    yield Words(28, _HEAD, "Largest activities", 15, bold=True)
    told = "by their share of all files or of all bytes made by hand, whichever is greater; what came in bulk last"
    yield Words(190, _HEAD, told, 13, QUIET)
    if made := [row for row in rows if row.shares]:
        yield from _axis(made)
    most = _scale(made)[-1] if made else 1.0
    for number, row in enumerate(rows, 1):
        y = _FIRST + (number - 1) * _STEP
        yield from badge(38, y - 5, number)
        yield Words(_WHEN, y, _span(row.first_s, row.last_s), 14, room=_FILES - 96 - _WHEN)
        yield Words(_FILES, y, count(row.files, "file"), 14, anchor="end")
        yield Words(_SIZE, y, humane_bytes(row.size_bytes), 14, anchor="end")
        yield Words(_WHERE, y, row.where, 14, QUIET, room=WIDTH - 28 - _WHERE)
        if row.shares is None:
            yield Words(_AXIS, y, "came in bulk", 13, QUIET)
            continue
        for share, colour, top in zip(row.shares, (WORK, BYTES), (y - 12, y - 5), strict=True):
            yield Box(_AXIS, top, max(1.0, share / most * (_AXIS_END - _AXIS)), 6, colour, 1)


def _axis(rows: list[Row]) -> Iterator[Shape]:
    """The heads of the columns, with the colours of their bars, and the per cent of both."""
    for x, text, colour in ((_FILES, "files", WORK), (_SIZE, "bytes", BYTES)):
        yield Box(x - width_of(text, 13) - 14, _HEAD + 14, 10, 10, colour, 2)
        yield Words(x, _HEAD + 23, text, 13, QUIET, "end")
    ticks = _scale(rows)
    bottom = _FIRST + (len(rows) - 1) * _STEP + 4
    for tick in (0.0, *ticks):
        place = _AXIS + tick / ticks[-1] * (_AXIS_END - _AXIS)
        yield Box(place, _HEAD + 28, 1, bottom - _HEAD - 28, LINE)
        yield Words(place, _HEAD + 23, f"{round(tick * 100, 6):g} %" if tick else "0", 12, QUIET, "middle")


def _scale(rows: list[Row]) -> list[float]:
    """The marks of an axis from 0 on, without it: round shares, the last of which no bar exceeds."""
    most = max(share for row in rows for share in row.shares or ())
    power = float(10.0 ** np.floor(np.log10(most)))
    steps = [factor * scale * power for scale in (0.1, 1.0) for factor in (1, 2, 2.5, 5)] + [10 * power]
    step = next(step for step in steps if np.ceil(round(most / step, 9)) <= _TICKS)
    return [float(step * number) for number in range(1, int(np.ceil(round(most / step, 9))) + 1)]


def _span(first_s: int, last_s: int) -> str:
    first, last = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds) for seconds in (first_s, last_s))
    start = f"{first:%a} {first.day} {first:%b %Y, %H:%M}"
    if first.date() == last.date():
        return start if last_s - first_s < 60 else f"{start} \N{EN DASH} {last:%H:%M}"
    return f"{start} \N{EN DASH} {last.day} {last:%b, %H:%M}"
