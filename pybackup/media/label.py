"""Labels to print: on the disc itself, and for its case; SVG, in millimetres, without any font of its own."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

# Of a printable disc, and of the front of a jewel case.
_RADIUS, _HUB = 58.0, 23.0
_CASE = 120.0
_MARGIN = 6.0
# Width of a letter over the size of the font, on the generous side; East Asian ones take two.
_LETTER = 0.56
_ON_DISC = 4
_ON_CASE = 12
# The smallest size of a name before it is cut.
_LEAST_SCALE = 0.4
_NEWEST, _FILES = "newest file", "files"
_FONT = "font-family=\"'DejaVu Sans', 'Liberation Sans', Arial, Helvetica, sans-serif\""


@dataclass(frozen=True, slots=True)
class Label:
    """The texts on a label, all printable.

    Attributes
    ----------
    which
        As ``disc 3 of 12``.
    date
        Of the newest file.
    size
        Of the files; empty for a disc that holds none.
    directories
        Top-level directories and the size of each, the largest first.
    more
        How many others there are.
    beside
        The other discs of the set, as ``and 1 recovery disc``.
    """

    name: str
    which: str
    date: str
    size: str
    directories: Sequence[tuple[str, str]]
    more: int = 0
    hint: Sequence[str] = ()
    beside: str = ""


def disc_label(label: Label) -> str:
    """Return the label of a 120 mm disc."""
    return _document(2 * (_RADIUS + 2), 2 * (_RADIUS + 2), _on_disc(label), centre=True)


def case_label(label: Label) -> str:
    """Return the front of a jewel case, 120 by 120 mm, to be cut out."""
    return _document(_CASE, _CASE, _on_case(label), centre=False)


def _document(width: float, height: float, parts: Iterator[str], *, centre: bool) -> str:
    left, top = (-width / 2, -height / 2) if centre else (0.0, 0.0)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
        f'viewBox="{left:g} {top:g} {width:g} {height:g}" {_FONT}>\n'
        f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" fill="white"/>\n{body}\n</svg>\n'
    )


def _on_disc(label: Label) -> Iterator[str]:
    yield f'<circle r="{_RADIUS}" fill="none" stroke="#bbb" stroke-width="0.2"/>'
    yield f'<circle r="{_HUB}" fill="none" stroke="#bbb" stroke-width="0.2"/>'
    yield _in_circle(label.name, -41, 7, bold=True)
    yield _in_circle(label.which, -33, 5)
    if label.beside:
        yield _in_circle(label.beside, -27.5, 3.2)
    side = (_RADIUS + _HUB) / 2
    width = _RADIUS - _HUB - 4
    for text, caption, x in ((label.date, _NEWEST, -side), (label.size, _FILES, side)):
        if text:
            yield _text(caption, x, -2.6, 2.8, width, anchor="middle")
            yield _text(text, x, 2.4, 4, width, anchor="middle")
    y = 29.0
    for name, size in label.directories[:_ON_DISC]:
        yield _in_circle(name, y, 3.2, behind=f"  {size}")
        y += 4.4
    more = label.more + len(label.directories[_ON_DISC:])
    if more:
        yield _in_circle(f"and {more} more", y, 2.6)
    if label.hint:
        yield _in_circle(label.hint[0], 51, 2.3)


def _on_case(label: Label) -> Iterator[str]:
    yield (
        f'<rect x="0.1" y="0.1" width="{_CASE - 0.2}" height="{_CASE - 0.2}" fill="none" '
        'stroke="#bbb" stroke-width="0.2"/>'
    )
    width = _CASE - 2 * _MARGIN
    yield _text(label.name, _MARGIN, 14, _scaled(label.name, 8, width, bold=True), width, bold=True)
    yield _text(label.which, _MARGIN, 23, _scaled(label.which, 6, width * 0.62, bold=False), width * 0.62)
    if label.beside:
        yield _text(label.beside, _MARGIN, 28.5, 3.2, width * 0.62 if label.size else width)
    if label.date:
        yield _text(f"{_NEWEST} {label.date}", _CASE - _MARGIN, 23, 3.2, width * 0.38, anchor="end")
    if label.size:
        yield _text(f"{_FILES} {label.size}", _CASE - _MARGIN, 28.5, 3.2, width * 0.38, anchor="end")
    yield f'<line x1="{_MARGIN}" y1="31" x2="{_CASE - _MARGIN}" y2="31" stroke="black" stroke-width="0.3"/>'
    y = 37.5
    for name, size in label.directories[:_ON_CASE]:
        yield _text(name, _MARGIN, y, 3.6, width - 24)
        yield _text(size, _CASE - _MARGIN, y, 3.6, 22, anchor="end")
        y += 4.7
    more = label.more + len(label.directories[_ON_CASE:])
    if more:
        yield _text(f"and {more} more", _MARGIN, y, 3.2, width)
    bottom = _CASE - _MARGIN - 3.6 * (len(label.hint) - 1)
    for number, line in enumerate(label.hint):
        yield _text(line, _MARGIN, bottom + 3.6 * number, 2.7, width)


def _in_circle(text: str, y: float, size: float, *, behind: str = "", bold: bool = False) -> str:
    """Return text centred on a line of the disc, cut to the room on that line."""
    edge = max(abs(y), abs(y - size))
    width = 2 * math.sqrt(_RADIUS**2 - edge**2) - _MARGIN
    size = _scaled(text, size, width, bold=bold) if not behind else size
    room = width - _LETTER * size * _columns(behind)
    return _text(_cut(text, size, room, bold=bold) + behind, 0, y, size, width, anchor="middle", bold=bold)


def _text(
    text: str, x: float, y: float, size: float, width: float, *, anchor: str = "start", bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    shown = escape(_cut(text, size, width, bold=bold))
    place = f'x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}"{weight}'
    return f'<text {place} xml:space="preserve">{shown}</text>'


def _scaled(text: str, size: float, width: float, *, bold: bool) -> float:
    """Return the font size in which a text fits, within bounds."""
    needed = _columns(text) * _LETTER * (1.1 if bold else 1.0)
    return max(size * _LEAST_SCALE, min(size, 0.999 * width / needed)) if needed else size


def _cut(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return the text, without its middle if it is too long."""
    most = int(width / (size * _LETTER * (1.1 if bold else 1.0)))
    if _columns(text) <= most:
        return text
    # Both ends of a path are informative.
    head, tail = (most - 1) // 2, most - 1 - (most - 1) // 2
    return _fitting(text, head) + "\u2026" + _fitting(text[::-1], tail)[::-1]


def _fitting(text: str, columns: int) -> str:
    taken = 0
    for number, letter in enumerate(text):
        taken += _columns(letter)
        if taken > columns:
            return text[:number]
    return text


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
