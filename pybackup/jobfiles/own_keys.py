"""The keys that only jobs have, which are no options: sources, outputs, schedule, notifiers and others."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from typing import Any

from pybackup.errors import UsageError
from pybackup.foreign.formats import ExportFormat
from pybackup.options import values

from . import stages
from .default_catalogue import check_catalogue
from .hooks import check_hooks
from .keys import Check, JobKey, check_type, option_keys
from .levels import check_level
from .mistakes import no_such
from .schedule import parse_schedule
from .snapshots import MODE, check_location, check_ssh

MODES = ("archive", "discs", "snapshot", "stage")
PLACEHOLDERS = ("job", "date", "time", "comment", "source")
_TEXT, _TEXTS = frozenset((str,)), frozenset((list,))


def _mode(value: Any) -> None:
    check_type(value, _TEXT)
    if value not in MODES:
        raise ValueError(no_such("mode", value, MODES) + f"; there are {', '.join(MODES)}")


def _sources(value: Any) -> None:
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
                _export(value)
            else:
                check_type(value, _TEXT if name == "path" else frozenset((bool,)))
        except ValueError as error:
            raise ValueError(f"source {number}: {name}: {error}") from None
    if not table.get("path"):
        raise ValueError(f"source {number} has no path")


def _pattern(value: Any) -> None:
    check_type(value, _TEXT)
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(value) if name is not None]
    except ValueError:
        raise ValueError("a brace without its partner; write {{ or }} for a single brace in the name") from None
    for name in names:
        if name not in PLACEHOLDERS:
            raise ValueError(f"{{{name}}}: {no_such('placeholder', name, PLACEHOLDERS)}")


def _media(value: Any) -> None:
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


def _export(value: Any) -> None:
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


def _schedule(value: Any) -> None:
    check_type(value, _TEXT)
    parse_schedule(value)


def _texts(value: Any) -> None:
    check_type(value, _TEXTS)


def _text(value: Any) -> None:
    check_type(value, _TEXT)


def _flag(value: Any) -> None:
    check_type(value, frozenset((bool,)))


def _keep(value: Any) -> None:
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


def _known(value: Any) -> None:
    if not isinstance(value, bool):
        such_as = '{ skip = true, min_copies = 1, max_age_of_check = "2y" }'
        _table(value, {"skip": _flag, "min_copies": _positive, "max_age_of_check": _age}, such_as)


def _copies(value: Any) -> None:
    such_as = '{ want = 2, places = 2, max_age_of_check = "2y" }'
    table = _table(value, {"want": _positive, "places": _positive, "max_age_of_check": _age}, such_as)
    if "want" not in table:
        raise ValueError(f"does not say how many: {such_as}")
    if table.get("places", 1) > table["want"]:
        raise ValueError("there cannot be more places than copies")


def _require(value: Any) -> None:
    such_as = '{ mountpoint = "/mnt/drive", min_files = 1000 }'
    _table(value, {"mountpoint": _text_or_texts, "min_files": _natural}, such_as)


def _burn(value: Any) -> None:
    if isinstance(value, str) and value:
        return
    such_as = '{ device = "/dev/sr0", speed = 8, verify = true }, or the device alone'
    checks = {"device": _text, "speed": _positive, "verify": _flag, "overwrite": _flag}
    if not _table(value, checks, such_as).get("device"):
        raise ValueError("device is missing")


def _text_or_texts(value: Any) -> None:
    check_type(value, _TEXT | _TEXTS)


def _delta(value: Any) -> None:
    if value == "none":
        return
    such_as = '{ min_size = "1M", max_depth = 1, min_saving = "50%", base_copies = 2 }, or "none"'
    checks = {"min_size": _text, "max_depth": _natural, "min_saving": _text, "base_copies": _positive}
    try:
        values.delta(_table(value, checks, such_as))
    except UsageError as error:
        raise ValueError(str(error)) from None


def _key(name: str, help: str, check: Check, *modes: str, is_path: bool = False, default: Any = None) -> JobKey:
    return JobKey(name, help, check, is_path, modes or MODES, default)


OWN_KEYS: Mapping[str, JobKey] = {
    key.name: key
    for key in (
        _key(
            "mode",
            "archive: a file a run; discs: volumes for media of given sizes; snapshot: a directory a run, by rsync; "
            "stage: discs that fill over months",
            _mode,
            default="archive",
        ),
        _key(
            "sources",
            "what is backed up: paths, or tables with a path and options of its own",
            _sources,
            "archive",
            "discs",
        ),
        _key("source", "what is backed up: a directory, HOST:PATH or rsync://HOST/MODULE/PATH", check_location, MODE),
        _key("to", "the directory of the snapshots", check_location, MODE),
        _key("watch", "the directory that goes onto discs as it changes", _text, stages.MODE, is_path=True),
        _key("ssh", "the program that reaches HOST, with its arguments", check_ssh, MODE),
        _key(
            "output", "the archive, with {job}, {date}, {time}, {comment}, {source}", _pattern, "archive", is_path=True
        ),
        _key(
            "export", "none, or a format of other programs, written beside the archive or instead", _export, "archive"
        ),
        _key(
            "volumes",
            "the directory of the volumes, as for output (default: in ~/.local/share/pybackup/volumes)",
            _pattern,
            "discs",
            is_path=True,
        ),
        _key("media", "one medium, or { first = [...], then = ... } where the first are partly used", _media, "discs"),
        _key("images", "where an image of a disc is built for each volume", _pattern, "discs", is_path=True),
        _key("schedule", "when: hourly, daily, weekly, monthly, '02:30', 'sun 02:30' or '1 02:30'", _schedule),
        _key("catalogue", "where it is written down: a URL, or a table of url and password; none", check_catalogue),
        _key("notify", "the notifiers that are told", _texts),
        _key("syslog", "a line to syslog for each run", _flag, default=False),
        _key("hook", "commands before and after", check_hooks),
        _key(
            "level",
            "of each run, which is one of a chain (key chain, by default the name of the job): full, differential, "
            'incremental, auto, or { full = "monthly", between = "differential" }',
            check_level,
        ),
        _key(
            "known",
            "true: files that enough media hold already are left out; or { skip = true, min_copies = 1, "
            "max_age_of_check = '2y' }; needs a catalogue",
            _known,
            "archive",
            "discs",
        ),
        _key(
            "keep",
            "which earlier archives or snapshots stay: { last = 3, daily = 14, within = '7d' }",
            _keep,
            "archive",
            MODE,
        ),
        _key(
            "delta",
            "when a large file that changed is stored as what differs from an earlier archive: none, or "
            "{ min_size = '1M', max_depth = 1, min_saving = '50%', base_copies = 2 }",
            _delta,
            "archive",
            "discs",
        ),
        _key(
            "copies",
            "how many copies there are to be, in how many places: { want = 2, places = 2 }; what is missing is told, "
            "as the catalogue knows it",
            _copies,
            "archive",
            "discs",
        ),
        _key(
            "require",
            "what must hold of the source: { mountpoint = '/mnt/drive', min_files = 1000 }",
            _require,
            MODE,
        ),
        _key(
            "burn",
            "the drive that each image is burnt with, a new disc each time, or { device = '/dev/sr0', speed = 8, "
            "verify = true, overwrite = false }",
            _burn,
            "discs",
        ),
    )
}
NOT_BY_DEFAULT = ("hook", "source", "sources", "watch")
"""Keys that belong to one job."""


def all_keys() -> Mapping[str, JobKey]:
    """Return all keys that a job can have, by name."""
    return {**option_keys(), **OWN_KEYS}
