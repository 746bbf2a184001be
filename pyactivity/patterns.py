"""Exclusion patterns with the rules of `.gitignore`, as git applies them while it walks a tree.

The same as pybackup's `--exclude`, whose own copy this is: the two packages do not know each other.
"""

import re
import warnings
from collections.abc import Iterable

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from pyactivity.errors import BadValue

_Compiled = tuple[re.Pattern[str], bool, bool, str]  # expression, excludes, directories only, as written


class Patterns:
    """A list of patterns, the last one that matches decides.

    pathspec translates each pattern, but its ``GitIgnoreSpec`` is not asked for the verdict: that judges a path alone
    and must guess what became of the directories above it (``*``, ``!*/``, ``!*.c`` keeps every file in a
    subdirectory). The walk knows: it comes here for a path only when no directory above was excluded. What is left is
    git's own loop, each pattern against the path itself.

    A ``?`` is one character of UTF-8; in git it is one byte.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        """Compile patterns; raise BadValue naming the one that makes no sense. Comments and blanks are skipped."""
        compiled = [pattern for line in lines if (pattern := _compile(line)) is not None]
        self._last_first = compiled[::-1]

    def __len__(self) -> int:
        return len(self._last_first)

    def excluding(self, relative: bytes, is_directory: bool) -> str | None:
        """The pattern that excludes a path, relative and without a slash at the end; None if none does."""
        decided = self._decide(relative, is_directory)
        return decided[1] if decided and decided[0] else None

    def verdict(self, relative: bytes, is_directory: bool) -> bool | None:
        """Whether the last pattern that matches a path does so with or without a `!`; None if none does."""
        decided = self._decide(relative, is_directory)
        return decided[0] if decided else None

    def _decide(self, relative: bytes, is_directory: bool) -> tuple[bool, str] | None:
        path = _newlines_hidden(relative.decode(errors="surrogateescape"))
        for expression, excludes, directories_only, line in self._last_first:
            if directories_only and not is_directory:
                continue
            match = expression.search(path)
            # pathspec's only named group tells that a directory above matched, which is not the question.
            if match is not None and match.lastgroup is None:
                return excludes, line
        return None


def read_patterns(data: bytes) -> list[str]:
    """The lines of a file of patterns, whatever its line ends, with what is no UTF-8 in them escaped."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")
    return [line.removesuffix("\r") for line in text.split("\n")]


def is_comment(line: str) -> bool:
    """Return whether git takes a line for a comment or a blank one."""
    return not line.strip() or line.startswith("#")


def _compile(line: str) -> _Compiled | None:
    if is_comment(line):
        return None
    as_written = line.rstrip("\r\n").encode(errors="surrogateescape").decode(errors="backslashreplace")
    text = _newlines_hidden(line if line.endswith("\\ ") else line.rstrip())
    directories_only = text.endswith("/")
    if directories_only:  # taken off, or pathspec could not tell "directory/" from "directory/**"
        text = text[:-1]
        if text in ("", "!"):
            return None  # git: a lone slash matches nothing
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # "[[a]" and "[a--b]" may mean more to some later re
            pattern = GitIgnoreSpecPattern(text)
    except (ValueError, re.error):
        raise BadValue(f"pattern '{as_written}' makes no sense") from None
    if pattern.include is None or pattern.regex is None:
        raise BadValue(f"pattern '{as_written}' can match nothing")
    return pattern.regex, pattern.include, directories_only, as_written


def _newlines_hidden(text: str) -> str:
    """Replace line feeds, where ``.`` and ``$`` of an expression stop, by a character that no file name holds."""
    return text.replace("\n", "\ue00a") if "\n" in text else text
