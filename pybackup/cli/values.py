"""Values on the command line: from what was typed to what the library takes."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pybackup.errors import UsageError
from pybackup.model.medium import parse_medium
from pybackup.model.size import parse_size

from .text import reason_of

if TYPE_CHECKING:
    from fractions import Fraction

    from pybackup.parity.stream.amount import Amount

_T = TypeVar("_T")
_MOST_DIGITS = 9
_DAYS = {"d": 1, "w": 7, "mo": 30.4375, "y": 365.25}


def argument(read: Callable[[str], _T]) -> Callable[[str], _T]:
    """Return ``read`` with the error that argparse shows word for word, behind the name of the option."""

    def reading(text: str) -> _T:
        try:
            return read(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(reason_of(error)) from error

    return reading


def path(text: str) -> bytes:
    """Return a path as the bytes that the system knows it by."""
    if not text:
        raise UsageError("a path is not empty")
    return os.fsencode(text)


def directory(text: str) -> bytes:
    """Return the path of a directory that exists."""
    where = path(text)
    if not os.path.isdir(where):
        raise UsageError(f"no such directory: {text!r}")
    return where


def parity(text: str) -> Amount:
    """Return an amount of parity."""
    from pybackup.parity.stream.amount import parse_amount

    return parse_amount(text)


def share(text: str) -> Fraction:
    """Return which share of each volume second copies may take."""
    from pybackup.make.second_copies import parse_share

    return parse_share(text)


def size(text: str) -> int:
    """Return a size in bytes."""
    return parse_size(text)


def segment(text: str) -> int:
    """Return the size of a segment, as `size`, within its bounds."""
    from pybackup.compress.methods import check_segment

    return check_segment(parse_size(text))


def positive(text: str) -> int:
    """Return a whole number of at least 1."""
    number = natural(text)
    if number < 1:
        raise UsageError(f"not a whole number of 1 or more: {text!r}")
    return number


def natural(text: str) -> int:
    """Return a whole number of at least 0."""
    if not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise UsageError(f"not a whole number: {text!r}")
    if text.startswith("-"):
        raise UsageError(f"less than 0: {text!r}")
    if len(text) > _MOST_DIGITS:
        raise UsageError(f"too large a number: {text!r}")
    return int(text)


def since(text: str) -> int:
    """Return a point in time in nanoseconds since the epoch."""
    from pybackup.selection.since import parse_since

    return parse_since(text)


def age(text: str) -> int:
    """Return a span of time in nanoseconds: 90d, 12w, 18mo, 2y."""
    match = re.fullmatch(r"(\d{1,4})\s*(d|w|mo|y)[a-z]*", text.strip(), re.IGNORECASE | re.ASCII)
    if match is None:
        raise UsageError(f"not an age such as 90d, 12w, 18mo or 2y: {text!r}")
    return int(int(match[1]) * _DAYS[match[2].lower()] * 86_400) * 10**9


def suffixes(text: str) -> frozenset[str]:
    """Return the suffixes never compressed: those listed, or with a ``+`` in front the default ones and those."""
    from pybackup.compress.methods import STORED_SUFFIXES

    listed = frozenset(part.strip().lstrip(".").lower() for part in text.removeprefix("+").split(",")) - {""}
    if any("." in part or "/" in part for part in listed):
        raise UsageError(f"a suffix is what follows the last dot of a name: {text!r}")
    return STORED_SUFFIXES | listed if text.startswith("+") else listed


def comment(text: str) -> str:
    """Return a comment, which is UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("the comment is not UTF-8") from None
    return text


def medium(text: str) -> int:
    """Return how many bytes a medium takes, by its name or as a size."""
    return parse_medium(text)


def sizes(text: str) -> tuple[int, ...]:
    """Return sizes of media that are joined by commas."""
    return tuple(parse_medium(part) for part in text.split(","))
