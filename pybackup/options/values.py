"""Converting values of options from text to the types of the library; values of these types are returned unchanged.

Each function raises UsageError for an invalid value.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from pybackup.errors import UsageError
from pybackup.model.medium import parse_medium
from pybackup.model.size import parse_size

from . import Path

if TYPE_CHECKING:
    from fractions import Fraction

    from pybackup.make.reuse import DeltaRules
    from pybackup.model.retention import Retention
    from pybackup.parity.stream.amount import Amount

_T = TypeVar("_T")
_Result = TypeVar("_Result")
_Choice = TypeVar("_Choice", bound=StrEnum)
_MOST_DIGITS = 9
OLDEST = -(1 << 63)
"""The value of an option that stands for the time of the oldest run."""
_DAYS = {"d": 1, "w": 7, "mo": 30.4375, "y": 365.25}


def path(value: Path) -> bytes:
    """Return a path as the bytes that the system uses."""
    if not value:
        raise UsageError("a path may not be empty")
    return os.fsencode(value)


def directory(value: Path) -> bytes:
    """Return the path of an existing directory."""
    where = path(value)
    if not os.path.isdir(where):
        raise UsageError(f"no such directory: {os.fsdecode(where)!r}{_left_mounted(where)}")
    return where


def _left_mounted(where: bytes) -> str:
    """Return a text about a mount point whose process was killed; empty if the path is none."""
    try:
        os.stat(where)
    except OSError as error:
        if error.errno == errno.ENOTCONN:
            return " (the program that served this mount has ended; unmount it with fusermount3 -u)"
    return ""


def maybe(value: Any, read: Callable[[Any], _Result]) -> _Result | None:
    """Return ``read(value)``, or None for None."""
    return None if value is None else read(value)


def paths(values: Path | Iterable[Path]) -> Sequence[bytes]:
    """Return one path or several, as bytes."""
    return (path(values),) if isinstance(values, str | bytes | os.PathLike) else tuple(map(path, values))


def several(values: Iterable[_T], what: str) -> tuple[_T, ...]:
    """Return values as a tuple; raise TypeError for a single text, which would be taken for its letters."""
    if isinstance(values, str | bytes):
        raise TypeError(f"{what} must be given as a list, even if there is only one")
    return tuple(values)


def parity(value: Amount | str | None) -> Amount:
    """Return an amount of parity, from text such as ``10%``, ``64M`` or ``fill:4G``."""
    from pybackup.parity.stream.amount import Amount, parse_amount

    return value if isinstance(value, Amount) else parse_amount(value)


def share(value: Fraction | str | None) -> Fraction:
    """Return the fraction of each volume that second copies may take, from text such as ``5%``; 0 for None."""
    from fractions import Fraction

    from pybackup.make.second_copies import parse_share

    if isinstance(value, str):
        return parse_share(value)
    return Fraction(0) if value is None else value


def fraction(value: float | str) -> float:
    """Return a fraction above 0 and up to 1, from text such as ``5%``."""
    if not isinstance(value, str):
        if not 0 < value <= 1:
            raise UsageError(f"not a fraction above 0 and up to 1: {value!r}")
        return value
    try:
        found = float(value.removesuffix("%")) / 100 if value.endswith("%") else -1.0
    except ValueError:
        found = -1.0
    if not 0 < found <= 1:
        raise UsageError(f"not a percentage above 0 and up to 100, such as 5%: {value!r}")
    return found


def delta(value: str | Mapping[str, Any] | DeltaRules | None) -> DeltaRules:
    """Return the rules for storing only the changes in large files, from a table or text such as ``max_depth=2``."""
    from fractions import Fraction

    from pybackup.make.reuse import DeltaRules
    from pybackup.model.member import MAX_DEPTH

    if value is None or isinstance(value, DeltaRules):
        return value or DeltaRules()
    if value == "none":
        return DeltaRules(max_depth=0)
    table = value if isinstance(value, Mapping) else dict(each.partition("=")[::2] for each in value.split(","))
    rules: dict[str, Any] = {}
    for name, said in table.items():
        if name == "min_size":
            rules["min_bytes"] = size(said)
        elif name == "max_depth" and natural(said) <= MAX_DEPTH:
            rules[name] = natural(said)
        elif name == "min_saving":
            rules[name] = Fraction(fraction(said)).limit_denominator(1000)
        elif name == "base_copies":
            rules[name] = positive(said)
        elif name == "base_unchecked":
            rules["base_unchecked_ns"] = age(said)
        else:
            known = f"min_size=1M, max_depth=1 (up to {MAX_DEPTH}), min_saving=50%, base_copies=2, base_unchecked=2y"
            raise UsageError(f"{name}={said}: the rules for deltas are {known}")
    return DeltaRules(**rules)


def size(value: int | str) -> int:
    """Return a size in bytes, from text such as ``596M``."""
    return parse_size(value) if isinstance(value, str) else value


def segment(value: int | str) -> int:
    """Return the length of segments in bytes."""
    from pybackup.compress.methods import check_segment

    return check_segment(size(value))


def medium(value: int | str) -> int:
    """Return the capacity of a medium in bytes, from its name (``dvd``) or a size."""
    return parse_medium(value) if isinstance(value, str) else value


def sizes(value: str | Iterable[int | str]) -> tuple[int, ...]:
    """Return capacities of media in bytes, from a list or text with commas."""
    return tuple(map(medium, value.split(",") if isinstance(value, str) else value))


def positive(value: int | str) -> int:
    """Return a whole number of at least 1."""
    number = natural(value)
    if number < 1:
        raise UsageError(f"not a whole number of 1 or more: {value!r}")
    return number


def natural(value: int | str) -> int:
    """Return a whole number of at least 0."""
    text = str(value)
    if not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise UsageError(f"not a whole number: {text!r}")
    if text.startswith("-"):
        raise UsageError(f"less than 0: {text!r}")
    if len(text) > _MOST_DIGITS:
        raise UsageError(f"too large a number: {text!r}")
    return int(text)


def since(value: int | str) -> int:
    """Return a point in time in nanoseconds since 1970, from text such as ``2026-01-31`` or ``2 weeks ago``."""
    from pybackup.selection.since import parse_since

    return parse_since(value) if isinstance(value, str) else value


def until(value: int | str) -> int:
    """Return a point in time as `since` does, but of a day its last nanosecond; ``oldest`` gives `OLDEST`."""
    if isinstance(value, str) and value.strip() == "oldest":
        return OLDEST
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip()):
        from datetime import datetime, timedelta

        since(value)  # raises the error if there is no such day
        behind = datetime.fromisoformat(value.strip()) + timedelta(days=1)
        return int(behind.timestamp()) * 10**9 - 1
    return since(value)


def age(value: int | str) -> int:
    """Return a long span of time in nanoseconds, from text such as ``90d``, ``12w``, ``18mo`` or ``2y``."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d{1,4})\s*(d|w|mo|y)[a-z]*", value.strip(), re.IGNORECASE | re.ASCII)
    if match is None:
        raise UsageError(f"not an age such as 90d, 12w, 18mo or 2y: {value!r}")
    return int(int(match[1]) * _DAYS[match[2].lower()] * 86_400) * 10**9


def span(value: int | str) -> int:
    """Return a short span of time in nanoseconds, from text such as ``30s``, ``10min``, ``2h``, ``1d`` or ``0``."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d{1,6})\s*(s|min|h|d|)", value.strip(), re.IGNORECASE | re.ASCII)
    if match is None or not (match[2] or match[1] == "0"):
        raise UsageError(f"not a span such as 30s, 10min, 2h or 1d: {value!r}")
    return int(match[1]) * {"s": 1, "min": 60, "h": 3600, "d": 86_400, "": 1}[match[2].lower()] * 10**9


def retention(value: str | Mapping[str, int | str] | Retention) -> Retention:
    """Return the rules for which runs are kept, from a table or text such as ``last=3,daily=14,within=7d``."""
    from pybackup.model.retention import Retention

    if isinstance(value, Retention):
        return value
    if isinstance(value, str):
        parts = [part.partition("=") for part in value.split(",")]
        table: dict[str, int | str] = {name.strip(): number.strip() for name, _, number in parts}
        if len(table) < len(parts):
            raise UsageError(f"a rule is given twice: {value!r}")
    else:
        table = dict(value)
    known = ("last", "daily", "weekly", "monthly", "yearly", "within")
    for name in table:
        if name not in known:
            raise UsageError(f"{name!r} is none of {', '.join(known)}, as in last=3,daily=14,within=7d")
    span = age(str(table.pop("within"))) if "within" in table else 0
    try:
        return Retention(**{name: natural(number) for name, number in table.items()}, within_ns=span)
    except ValueError as error:
        raise UsageError(str(error)) from None


def suffixes(value: str | Iterable[str]) -> frozenset[str]:
    """Return the suffixes of files that are not compressed; with a ``+`` in front, in addition to the default ones."""
    from pybackup.compress.methods import STORED_SUFFIXES

    if not isinstance(value, str):
        return frozenset(value)
    listed = frozenset(part.strip().lstrip(".").lower() for part in value.removeprefix("+").split(",")) - {""}
    if any("." in part or "/" in part for part in listed):
        raise UsageError(f"not the part of a name after its last dot: {value!r}")
    return STORED_SUFFIXES | listed if value.startswith("+") else listed


def comment(value: str) -> str:
    """Return a comment; raise UsageError if it cannot be encoded as UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError("the comment is not UTF-8") from None
    return value


def choice(choices: type[_Choice], value: str) -> _Choice:
    """Return the member of an enumeration that has the value."""
    try:
        return choices(value)
    except ValueError:
        raise UsageError(f"{value!r} is none of {', '.join(choices)}") from None


def one_of(choices: Sequence[str], value: str) -> str:
    """Return the value; raise UsageError if it is not among the choices."""
    if value not in choices:
        raise UsageError(f"{value!r} is none of {', '.join(choices)}")
    return value
