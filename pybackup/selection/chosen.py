"""Selection files: what a person chose in a report of pyactivity, to be archived.

JSON Lines in UTF-8, so that a page in a browser can write one. The first line says what it is, each other line chooses
one file, or all files of a time below a directory:

    {"format": "pyactivity selection", "version": 1, "root": "/home/me/docs"}
    {"path": "letters/1.txt", "size": 123, "mtime": "1732567890.123456789"}
    {"under": "photos", "from": "1732560000.000000000", "until": "1732567890.123456789", "by": "mtime",
     "files": 812, "bytes": 1234567, "exclude": ["photos/raw"]}

Paths are relative to the root. Bytes that are no UTF-8 stand as lone surrogates U+DC80 to U+DCFF (Python's
surrogateescape). Times are seconds since the epoch as decimal strings, since JavaScript's numbers cannot hold
nanoseconds; ``from`` and ``until`` are inclusive. Sizes and counts are what the scan saw.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from pybackup.errors import UsageError
from pybackup.host.lists import read_lines
from pybackup.model.display import display

FORMAT = "pyactivity selection"
VERSION = 1

_SECOND_NS = 1_000_000_000
_TIME = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]{1,9}))?")
_HEADER = ("format", "version", "root")
_FILE = ("path", "size", "mtime")
_AREA = ("under", "from", "until", "by", "files", "bytes")
_TIMES = ("mtime", "ctime")


@dataclass(frozen=True, slots=True)
class ChosenFile:
    """A file: its path relative to the root, and the size in bytes and time that the scan saw."""

    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class ChosenArea:
    """All regular files at or below a directory whose time lies within bounds.

    Attributes
    ----------
    under
        Directory relative to the root, empty for the root.
    from_ns, until_ns
        Inclusive.
    by
        Whose time: ``mtime`` or ``ctime``.
    files, n_bytes
        What the scan saw.
    exclude
        Files and directories taken out again, relative to the root.
    """

    under: bytes
    from_ns: int
    until_ns: int
    by: str
    files: int
    n_bytes: int
    exclude: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a selection file says; ``root`` is an absolute path."""

    root: bytes
    files: tuple[ChosenFile, ...]
    areas: tuple[ChosenArea, ...]


class _Wrong(Exception):
    """What is wrong with a line."""


def read_selection(stream: BinaryIO) -> Chosen:
    """Return what a selection file says.

    Raises
    ------
    UsageError
        It is none, or of another version, or a line is not as it must be; the message names the line.
    """
    root: bytes | None = None
    files: list[ChosenFile] = []
    areas: list[ChosenArea] = []
    for number, line in enumerate(read_lines(stream), 1):
        try:
            if root is None:
                root = _header(line)
            elif line.strip():
                fields = _object(line)
                if "under" in fields:
                    areas.append(_area(fields))
                else:
                    files.append(_file(fields))
        except _Wrong as wrong:
            raise UsageError(f"line {number}: {wrong}") from None
    if root is None:
        raise UsageError("it is empty; pyactivity select writes selections")
    return Chosen(root, tuple(files), tuple(areas))


def parse_time(text: object) -> int:
    """Return the nanoseconds of a decimal string of seconds; raise UsageError if it is none."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UsageError(f"not a time in seconds such as '1732567890.123456789': {text!r}")
    sign, seconds, fraction = match.groups()
    since_epoch_ns = int(seconds) * _SECOND_NS + int((fraction or "").ljust(9, "0"))
    return -since_epoch_ns if sign else since_epoch_ns


def _header(line: bytes) -> bytes:
    refusal = f'not a selection of pyactivity, whose first line begins with {{"format": "{FORMAT}", ...'
    try:
        fields = _object(line)
    except _Wrong:
        raise _Wrong(refusal) from None
    if fields.get("format") != FORMAT:
        raise _Wrong(refusal)
    if fields.get("version") != VERSION or isinstance(fields["version"], bool):
        raise _Wrong(f"a selection of version {fields.get('version')!r}; this pybackup reads version {VERSION}")
    _check_keys(fields, _HEADER)
    root = _bytes(fields["root"])
    if not root.startswith(b"/"):
        raise _Wrong(f"the root is no absolute path: {display(root)}")
    return root


def _file(fields: dict[str, Any]) -> ChosenFile:
    _check_keys(fields, _FILE)
    return ChosenFile(_path(fields["path"]), _natural(fields, "size"), _time(fields["mtime"]))


def _area(fields: dict[str, Any]) -> ChosenArea:
    _check_keys(fields, _AREA, ("exclude",))
    if fields["by"] not in _TIMES:
        raise _Wrong(f"'by' is {fields['by']!r}, and must be mtime or ctime")
    exclude = fields.get("exclude", [])
    if not isinstance(exclude, list):
        raise _Wrong(f"'exclude' is no list: {exclude!r}")
    under = b"" if fields["under"] == "" else _path(fields["under"])
    return ChosenArea(
        under,
        _time(fields["from"]),
        _time(fields["until"]),
        fields["by"],
        _natural(fields, "files"),
        _natural(fields, "bytes"),
        frozenset(map(_path, exclude)),
    )


def _object(line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _Wrong("no JSON in UTF-8") from None
    if not isinstance(fields, dict):
        raise _Wrong("no JSON object")
    return fields


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _Wrong("a key stands there twice")
    return fields


def _check_keys(fields: dict[str, Any], needed: Iterable[str], optional: Iterable[str] = ()) -> None:
    missing = [key for key in needed if key not in fields]
    unknown = fields.keys() - {*needed, *optional}
    if missing:
        raise _Wrong(f"there is no '{missing[0]}'")
    if unknown:
        raise _Wrong(f"unknown key {min(unknown)!r}")


def _natural(fields: dict[str, Any], key: str) -> int:
    number = fields[key]
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise _Wrong(f"'{key}' is no whole number of 0 or more: {number!r}")
    return number


def _time(text: object) -> int:
    try:
        return parse_time(text)
    except UsageError as error:
        raise _Wrong(str(error)) from None


def _path(text: object) -> bytes:
    path = _bytes(text)
    if any(part in (b"", b".", b"..") for part in path.split(b"/")):
        raise _Wrong(f"no path relative to the root: '{display(path)}'")
    return path


def _bytes(text: object) -> bytes:
    if not isinstance(text, str) or "\0" in text:
        raise _Wrong(f"no path: {text!r}")
    try:
        # What os.fsencode does, but whatever the locale: the file is in UTF-8.
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise _Wrong(f"no path in UTF-8 with surrogate escapes: {text!r}") from None
