"""Which values keys of jobs take that are no options. Each check raises ValueError that says what fits."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from typing import Any

from pybackup.errors import UsageError
from pybackup.foreign.formats import ExportFormat
from pybackup.options import values

from .keys import Check, check_type, option_keys
from .mistakes import no_such
from .schedule import parse_schedule

MODES = ("archive", "discs", "snapshot", "stage")
PLACEHOLDERS = ("job", "date", "time", "comment", "source")
_TEXT, _TEXTS = frozenset((str,)), frozenset((list,))


def check_mode(value: Any) -> None:
    check_type(value, _TEXT)
    if value not in MODES:
        raise ValueError(no_such("mode", value, MODES) + f"; there are {', '.join(MODES)}")


def check_sources(value: Any) -> None:
    if not isinstance(value, list):
        raise ValueError('sources are a list, such as ["~/docs", { path = "~/photos", compression = "store" }]')
    if not value:
        raise ValueError("is empty: there is nothing to back up")
    for number, each in enumerate(value, 1):
        if isinstance(each, dict):
            _source(number, each)
        elif not isinstance(each, str) or not each:
            raise ValueError(f"source {number} is neither a text nor a table with a path")


def _source(number: int, table: Mapping[str, Any]) -> None:
    keys = option_keys()
    known = {"path", "separate_dirs", "export", *(name for name, key in keys.items() if "archive" in key.modes)}
    for name, value in table.items():
        if name not in known:
            raise ValueError(f"source {number}: {name}: {no_such('key', name, known)}")
        try:
            if name in keys:
                keys[name].check(value)
            elif name == "export":
                check_export(value)
            else:
                check_type(value, _TEXT if name == "path" else frozenset((bool,)))
        except ValueError as error:
            raise ValueError(f"source {number}: {name}: {error}") from None
    if not table.get("path"):
        raise ValueError(f"source {number} has no path")


def check_pattern(value: Any) -> None:
    check_type(value, _TEXT)
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(value) if name is not None]
    except ValueError:
        raise ValueError("a brace without its partner; write {{ or }} for a single brace in the name") from None
    for name in names:
        if name not in PLACEHOLDERS:
            raise ValueError(f"{{{name}}}: {no_such('placeholder', name, PLACEHOLDERS)}")


def check_media(value: Any) -> None:
    keys = option_keys()
    if not isinstance(value, dict):
        keys["volume_size"].check(value)
        return
    for name in value:
        if name not in ("first", "then"):
            raise ValueError(f"{name}: {no_such('key', name, ('first', 'then'))}")
    if "then" not in value:
        raise ValueError('does not say which media come after the first ones: then = "bd25"')
    keys["volume_size"].check(value["then"])
    keys["first_volumes"].check(value.get("first", []))


def check_export(value: Any) -> None:
    table = value if isinstance(value, dict) else {"format": value}
    for name in table:
        if name not in ("format", "instead"):
            raise ValueError(f"{name}: {no_such('key', name, ('format', 'instead'))}")
    if "format" not in table:
        raise ValueError("format is missing")
    check_type(table["format"], _TEXT)
    check_type(table.get("instead", False), frozenset((bool,)))
    formats = ("none", *(each.value for each in ExportFormat))
    if table["format"] not in formats:
        raise ValueError(f"{table['format']!r} is none of {', '.join(formats)}")


def check_schedule(value: Any) -> None:
    check_type(value, _TEXT)
    parse_schedule(value)


def check_texts(value: Any) -> None:
    check_type(value, _TEXTS)


def check_text(value: Any) -> None:
    check_type(value, _TEXT)


def check_flag(value: Any) -> None:
    check_type(value, frozenset((bool,)))


def check_keep(value: Any) -> None:
    if not isinstance(value, dict):
        raise ValueError("is a table, such as { last = 3, daily = 14, weekly = 8, monthly = 12, within = '7d' }")
    try:
        values.retention(value)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _table(value: Any, checks: Mapping[str, Check], such_as: str) -> Mapping[str, Any]:
    """Check a table and the value of each of its keys, and return it."""
    if not isinstance(value, dict):
        raise ValueError(f"is a table, such as {such_as}")
    for name, each in value.items():
        if name not in checks:
            raise ValueError(f"{name}: {no_such('key', name, checks)}")
        try:
            checks[name](each)
        except (ValueError, UsageError) as error:
            raise ValueError(f"{name}: {error}") from None
    return value


def _of_number(read: Callable[[int], int]) -> Check:
    def check(value: Any) -> None:
        check_type(value, frozenset((int,)))
        read(value)

    return check


def _age(value: Any) -> None:
    check_type(value, _TEXT)
    values.age(value)


_positive, _natural = _of_number(values.positive), _of_number(values.natural)


def check_known(value: Any) -> None:
    if not isinstance(value, bool):
        such_as = '{ skip = true, min_copies = 1, max_age_of_check = "2y" }'
        _table(value, {"skip": check_flag, "min_copies": _positive, "max_age_of_check": _age}, such_as)


def check_copies(value: Any) -> None:
    such_as = '{ want = 2, places = 2, max_age_of_check = "2y" }'
    table = _table(value, {"want": _positive, "places": _positive, "max_age_of_check": _age}, such_as)
    if "want" not in table:
        raise ValueError(f"does not say how many: {such_as}")
    if table.get("places", 1) > table["want"]:
        raise ValueError("there cannot be more places than copies")


def check_require(value: Any) -> None:
    such_as = '{ mountpoint = "/mnt/drive", min_files = 1000 }'
    _table(value, {"mountpoint": _text_or_texts, "min_files": _natural}, such_as)


def check_burn(value: Any) -> None:
    if isinstance(value, str) and value:
        return
    such_as = '{ device = "/dev/sr0", speed = 8, verify = true }, or the device alone'
    checks = {"device": check_text, "speed": _positive, "verify": check_flag, "overwrite": check_flag}
    if not _table(value, checks, such_as).get("device"):
        raise ValueError("device is missing")


def _text_or_texts(value: Any) -> None:
    check_type(value, _TEXT | _TEXTS)


def check_delta(value: Any) -> None:
    if value == "none":
        return
    such_as = '{ min_size = "1M", max_depth = 1, min_saving = "50%", base_copies = 2 }, or "none"'
    checks = {
        "min_size": check_text,
        "max_depth": _natural,
        "min_saving": check_text,
        "base_copies": _positive,
        "base_unchecked": check_text,
    }
    try:
        values.delta(_table(value, checks, such_as))
    except UsageError as error:
        raise ValueError(str(error)) from None
