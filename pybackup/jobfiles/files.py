"""Finding and reading job files, checking that nobody else can write to them, and on which line each key is."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .mistakes import Mistake

SYSTEM = "/etc/pybackup"
_NAME = "config.toml"
_MOST_BYTES = 1 << 20
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_TABLE = re.compile(rf"\s*\[\[?\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]\]?")
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that was read.

    Attributes
    ----------
    data
        Its content, as TOML gives it.
    lines
        The line of each key; the names of its tables and its own are joined by dots.
    may_set_defaults
        False for files in ``jobs.d``, which have only jobs.
    """

    path: str
    data: Mapping[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)
    may_set_defaults: bool = True

    def mistake(self, table: str, key: str, text: str) -> Mistake:
        """Return a mistake with the line of a key, or of its table if the key's line is not known."""
        dotted = f"{table}.{key}".strip(".")
        line = self.lines.get(dotted, 0)
        while not line and "." in dotted:
            dotted = dotted.rpartition(".")[0]
            line = self.lines.get(dotted, 0)
        return Mistake(self.path, line, table, key, text)

    def origin(self, table: str, key: str) -> str:
        """Return where a key is, as a text for people."""
        line = self.lines.get(f"{table}.{key}".strip("."), 0)
        return f"{self.path}:{line}" if line else self.path


def home_directory(environment: Mapping[str, str] = os.environ) -> str:
    """Return the directory of the user's own job files."""
    config = environment.get("XDG_CONFIG_HOME") or os.path.join(environment.get("HOME") or "~", ".config")
    return os.path.join(os.path.expanduser(config), "pybackup")


def find_files(directories: Sequence[str], named: Sequence[str] = ()) -> Iterator[tuple[str, bool]]:
    """Yield the path of each file, the weakest first, and whether it may set defaults.

    Parameters
    ----------
    directories
        Directories that may have a ``config.toml`` and a ``jobs.d``.
    named
        Further files, which must exist.
    """
    for directory in directories:
        if os.path.exists(main := os.path.join(directory, _NAME)):
            yield main, True
        below = os.path.join(directory, "jobs.d")
        if os.path.isdir(below):
            names = sorted(name for name in os.listdir(below) if name.endswith(".toml") and not name.startswith("."))
            yield from ((os.path.join(below, name), False) for name in names)
    yield from ((os.path.abspath(path), True) for path in named)


def read_file(path: str, *, may_set_defaults: bool, mistakes: list[Mistake]) -> JobFile | None:
    """Read a file; if it cannot be read or must not be trusted, add that to ``mistakes`` and return None."""
    try:
        with open(path, "rb") as stream:
            refusal = _why_not_trusted(os.fstat(stream.fileno())) or _why_replaceable(os.path.realpath(path))
            data = stream.read(_MOST_BYTES + 1)
        text = data.decode()
        if refusal or len(data) > _MOST_BYTES:
            raise ValueError(refusal or "is larger than any job file")
        parsed = tomllib.loads(text)
    except (OSError, ValueError) as error:
        line = _AT_LINE.search(str(error))
        words = error.strerror if isinstance(error, OSError) else _AT_LINE.sub("", str(error))
        if isinstance(error, UnicodeDecodeError):
            words = "is not UTF-8"
        mistakes.append(Mistake(path, int(line[1]) if line else 0, "", "", words or "cannot be read"))
        return None
    return JobFile(path, parsed, dict(_lines(text)), may_set_defaults)


def _why_not_trusted(status: os.stat_result) -> str:
    """Return why a file is not trusted; empty if it is. Commands in it are run, so nobody else may write to it."""
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    if status.st_uid not in (0, os.geteuid()):
        return "belongs to somebody else, who could have anything run by it"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others may write it, and could have anything run by it: chmod go-w"
    return ""


def _why_replaceable(path: str) -> str:
    """Return why others can replace a file, whatever its own mode is; empty if they cannot."""
    directory = os.path.dirname(path)
    status = os.stat(directory)
    if status.st_uid not in (0, os.geteuid()):
        return f"lies in {directory}, which belongs to somebody else, who could put another file in its place"
    # In a sticky directory such as /tmp, only the owner of a file can replace it.
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
        return f"lies in {directory}, where others may put another file in its place: chmod go-w"
    return ""


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """Yield each key and table with its line. What looks like a key in a text of several lines is yielded too."""
    table, seen = "", set()
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TABLE.match(line):
            dotted = table = _dotted(match[1])
        elif match := _KEY.match(line):
            dotted = f"{table}.{_dotted(match[1])}".strip(".")
        else:
            continue
        if dotted not in seen:
            seen.add(dotted)
            yield dotted, number


def _dotted(name: str) -> str:
    return ".".join(part.strip("\"'") for part in re.findall(_PART, name))
