"""Patterns with the rules of ``.gitignore`` as filter rules of rsync."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pyactivity.errors import BadValue
from pyactivity.patterns import Written, says_nothing, written
from pybackup.errors import UsageError

_WILD = re.compile(r"[*?\[]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ANYWHERE = "**/"
_MIDDLE = "/**/"
_STARS = re.compile(r"\*{2,}")


def rsync_filters(lines: Iterable[str]) -> list[bytes]:
    """Return rules of rsync that leave out what the patterns do: of rsync's the first that matches decides.

    Raises
    ------
    UsageError
        A pattern makes no sense.
    """
    rules: list[str] = []
    try:
        for line in lines:
            pattern = None if says_nothing(line) else written(line)
            if pattern is not None:
                sign = "-" if pattern.excludes else "+"
                rules += (f"{sign} {form}" for form in _forms(pattern))
    except BadValue as error:
        raise UsageError(str(error)) from None
    return [rule.encode(errors="surrogateescape") for rule in reversed(rules)]


def _forms(pattern: Written) -> Iterator[str]:
    """The pattern as rsync writes it: git's ``/**/`` is also a single slash, which rsync's is not."""
    text = pattern.text.removeprefix("/")
    anchor = "/" if pattern.whole_path else ""
    while text.startswith(_ANYWHERE):
        text, anchor = text.removeprefix(_ANYWHERE), ""
    end = "/" if pattern.directories_only else ""
    for parts in _joined(text.split(_MIDDLE)):
        yield anchor + _as_rsync(parts) + end


def _joined(parts: list[str]) -> Iterator[str]:
    first, *rest = parts
    if not rest:
        yield first
        return
    for behind in _joined(rest):
        yield f"{first}/{behind}"
        yield f"{first}{_MIDDLE}{behind}"


def _as_rsync(text: str) -> str:
    if not _WILD.search(_ESCAPED.sub("", text)):
        # Where nothing is special a backslash is one, too; with an escaped star rsync sees something special.
        plain = _ESCAPED.sub(r"\1", text)
        return text if _WILD.search(plain) else plain
    return "/".join(part if part == "**" else _STARS.sub("*", part) for part in text.split("/"))
