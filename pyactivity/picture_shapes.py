"""What pictures are drawn of: boxes and words, and about how wide words are."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

WIDTH, HEIGHT = 1200, 624
LEFT, RIGHT = 76, WIDTH - 28  # of the timeline
GROUND, INK, QUIET, LINE = "#fffefb", "#22262b", "#5f6368", "#e2ded5"
WORK, BULK, BYTES = "#12716a", "#b9b3a6", "#4169a8"
# Of the size of letters, as DejaVu Sans has them, which is wider than most.
_NARROW, _USUAL, _CAPITAL, _BROAD, _FULL, _BROADEST, _BOLD = 0.441, 0.64, 0.84, 1.0, 1.02, 1.16, 1.12
_MORE = "\N{HORIZONTAL ELLIPSIS}"
_THIN = frozenset(" .,:;'!|()[]ijltfr/-I")


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


def badge(x: float, y: float, number: int) -> Iterator[Shape]:
    """A number in a disc around (x, y)."""
    yield Box(x - 9, y - 9, 18, 18, INK, 9)
    yield Words(x, y + 4.5, str(number), 12, GROUND, "middle", bold=True)


def width_of(text: str, size: int, *, bold: bool = False) -> float:
    """About how many pixels text takes, rather too many than too few."""
    return sum(map(_share, text)) * size * (_BOLD if bold else 1.0)


def fitted(words: Words) -> str:
    """The text, cut where it is wider than its room."""
    text = words.text
    if width_of(text, words.size, bold=words.bold) <= words.room:
        return text
    left = words.room / (words.size * (_BOLD if words.bold else 1.0)) - _share(_MORE)
    for place, letter in enumerate(text):
        left -= _share(letter)
        if left < 0:
            return text[:place] + _MORE
    return text


@cache
def _share(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return _FULL
    if letter in "ŒœǶ":
        return _BROADEST
    parts = unicodedata.normalize("NFKD", letter)
    if parts[0] == " " != letter:
        return _USUAL  # an accent alone
    if len(parts) > 1 and letter not in "ƠƯ":
        return sum(map(_share, parts))  # accents take nothing, and a digraph is two
    if unicodedata.combining(letter):
        return 0
    if letter in _THIN:
        return _NARROW
    # Capitals and signs are broad, M and W and the like most of all, and so may be what is not Latin.
    broad = letter in "MWmw@%" or not letter.isascii()
    return _BROAD if broad else _CAPITAL if letter.isupper() or letter in "#&+<=>^~" else _USUAL
