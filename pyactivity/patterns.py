"""Exclusion patterns with the rules of `.gitignore`, as git applies them while it walks a tree."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pyactivity.errors import BadValue
from pyactivity.wildmatch import MatchesNothing, expression

_Match = Callable[[str], "re.Match[str] | None"]


class _Compiled(NamedTuple):
    """A pattern: as it was written, its expression, and what it is matched with."""

    line: str
    expression: str
    excludes: bool
    whole_path: bool  # else the last component
    directories_only: bool


class Written(NamedTuple):
    """A pattern as its line says it: without a `!` before it and a slash behind."""

    text: str
    excludes: bool
    whole_path: bool  # else the last component
    directories_only: bool


class Patterns:
    """A list of patterns, the last one that matches decides.

    The walk comes here for a path only when no directory above was excluded, as git does; so what is left is git's own
    loop: each pattern against the path itself or, where it has no slash, against the last component.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        """Compile patterns; raise BadValue naming the one that can match nothing. Comments and blanks are skipped."""
        self._patterns = [pattern for line in lines if (pattern := _compile(line)) is not None]
        self._of_directories = _Together(self._patterns, is_directory=True)
        self._of_files = _Together(self._patterns, is_directory=False)
        self._decided: set[int] = set()

    def __len__(self) -> int:
        return len(self._patterns)

    def excluding(self, relative: bytes, is_directory: bool) -> str | None:
        """The pattern that excludes a path, relative and without a slash at the end; None if none does."""
        decided = self._decide(relative, is_directory)
        return decided.line if decided and decided.excludes else None

    def verdict(self, relative: bytes, is_directory: bool) -> bool | None:
        """Whether the last pattern that matches a path does so with or without a `!`; None if none does."""
        decided = self._decide(relative, is_directory)
        return decided.excludes if decided else None

    def idle(self) -> list[str]:
        """The patterns that have excluded nothing so far, as they were written."""
        busy = {self._patterns[number].line for number in self._decided}
        return [pattern.line for pattern in self._patterns if pattern.excludes and pattern.line not in busy]

    def _decide(self, relative: bytes, is_directory: bool) -> _Compiled | None:
        path = relative.decode(errors="surrogateescape")
        number = (self._of_directories if is_directory else self._of_files).last(path)
        if number < 0:
            return None
        self._decided.add(number)
        return self._patterns[number]


class _Together:
    """Patterns as two expressions, one for names and one for paths, each trying the last pattern first.

    A pattern's expression ends in a group of its own; the number of that group tells which one it was.
    """

    def __init__(self, patterns: Sequence[_Compiled], *, is_directory: bool) -> None:
        last_first = [
            (number, pattern)
            for number, pattern in reversed(list(enumerate(patterns)))
            if is_directory or not pattern.directories_only
        ]
        self._by_name, self._name_numbers = _joined(one for one in last_first if not one[1].whole_path)
        self._by_path, self._path_numbers = _joined(one for one in last_first if one[1].whole_path)

    def last(self, path: str) -> int:
        """The number of the last pattern that matches a path; -1 if none does."""
        number = -1
        if self._by_name and (match := self._by_name(path[path.rfind("/") + 1 :])):
            number = self._name_numbers[match.lastindex or 0]
        if self._by_path and (match := self._by_path(path)):
            number = max(number, self._path_numbers[match.lastindex or 0])
        return number


def read_patterns(data: bytes) -> list[str]:
    """The lines of a file of patterns, whatever its line ends, with what is no UTF-8 in them escaped."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")
    return [line.removesuffix("\r") for line in text.split("\n")]


def says_nothing(line: str) -> bool:
    """Whether git skips a line: a comment, a blank one, a slash alone. Raises BadValue as `Patterns` does."""
    return _compile(line) is None


def _joined(patterns: Iterable[tuple[int, _Compiled]]) -> tuple[_Match | None, list[int]]:
    numbers, texts = [0], []
    for number, pattern in patterns:
        numbers.append(number)
        texts.append(f"{pattern.expression}()")
    return re.compile("|".join(texts), re.DOTALL).match if texts else None, numbers


def _compile(line: str) -> _Compiled | None:
    found = written(line)
    if found is None:
        return None
    as_written = line.rstrip("\r\n").encode(errors="surrogateescape").decode(errors="backslashreplace")
    try:
        form = expression(found.text.removeprefix("/"))
    except MatchesNothing as error:
        raise BadValue(f"pattern '{as_written}' makes no sense: {error}") from None
    return _Compiled(as_written, form, found.excludes, found.whole_path, found.directories_only)


def written(line: str) -> Written | None:
    """A line taken apart; None for one that says nothing."""
    text = _ended(line)
    if not text or text.startswith("#"):
        return None
    excludes = not text.startswith("!")
    text = text if excludes else text[1:]
    directories_only = text.endswith("/")
    if directories_only:
        text = text[:-1]
        if not text:
            return None  # git: a lone slash matches nothing
    return Written(text, excludes, "/" in text, directories_only)


def _ended(line: str) -> str:
    """A line without its end and the spaces before it; a backslash, itself not escaped, keeps the first of these."""
    line = line.removesuffix("\n").removesuffix("\r")
    text = line.rstrip(" ")
    backslashes = len(text) - len(text.rstrip("\\"))
    return text + " " if backslashes % 2 and text != line else text
