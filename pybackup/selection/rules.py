"""The rules by which something stays out of an archive."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from pyactivity.errors import BadValue
from pyactivity.patterns import Patterns, read_patterns, says_nothing
from pybackup.errors import UsageError
from pybackup.host.lists import read_text
from pybackup.model.display import display
from pybackup.model.source import Candidate, Judge
from pybackup.monitor import Monitor

from .junk import is_junk
from .since import parse_since, show_since

__all__ = ["Rules", "parse_since"]

CACHE_TAG = b"CACHEDIR.TAG"
CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"  # https://bford.info/cachedir/


class Rules:
    """All rules of one run; ``judge`` is what the walk asks.

    A source itself, where it is a directory, is not judged by its name: who names a directory wants it. (A file that
    is a source is judged as if it lay in its source; so ``*`` of a shell and a pattern work together.)

    Parameters
    ----------
    exclude
        Patterns with the rules of ``.gitignore``, matched on the path relative to the source.
    exclude_from
        Paths of files with more patterns, one in a line, read at once; they come after ``exclude``.
    exclude_dir
        Names of directories to leave out wherever they are.
    exclude_caches
        Of a directory with a valid ``CACHEDIR.TAG`` keep only itself and the tag, as GNU tar does.
    skip_junk
        Leave out what operating systems scatter (``selection.junk``).
    since_ns
        Leave out regular files last modified before; directories and all else stay.

    Raises
    ------
    UsageError
        A pattern makes no sense, or a file of patterns cannot be read.
    """

    def __init__(
        self,
        *,
        exclude: Iterable[str] = (),
        exclude_from: Iterable[str | bytes | os.PathLike[str]] = (),
        exclude_dir: Iterable[str | bytes] = (),
        exclude_caches: bool = False,
        skip_junk: bool = False,
        since_ns: int | None = None,
    ) -> None:
        self._exclude = list(exclude)
        self._patterns = _patterns(self._exclude, exclude_from)
        self._directory_names = frozenset(_directory_name(name) for name in exclude_dir)
        self._met_names: set[bytes] = set()
        self._caches: set[bytes] = set()
        self._since_ns = since_ns or 0
        rules: list[tuple[object, Judge]] = [
            (exclude_caches, self._judge_cache),
            (self._directory_names, self._judge_directory_name),
            (len(self._patterns), self._judge_patterns),
            (skip_junk, _judge_junk),
            (since_ns is not None, self._judge_age),
        ]
        self._rules = tuple(rule for wanted, rule in rules if wanted)

    def judge(self, candidate: Candidate) -> str | None:
        """Return the reason in words to leave a candidate out, None to keep it.

        Directories must come before their content, and nothing below an excluded one.
        """
        for rule in self._rules:
            reason = rule(candidate)
            if reason is not None:
                return reason
        return None

    def tell_idle(self, monitor: Monitor) -> None:
        """Note, when all has been judged, what was named and has left nothing out: a slip, as a rule.

        Patterns from files are not told: such a list is made for many trees.
        """
        idle = set(self._patterns.idle())
        for line in dict.fromkeys(self._exclude):
            if line in idle:
                where = "; its path begins below the source" if "/" in line.rstrip("/") else ""
                monitor.note(f"pattern '{line}' has left nothing out{where}")
        for name in sorted(self._directory_names - self._met_names):
            monitor.note(f"directory name '{display(name)}' has left nothing out")

    def _judge_cache(self, candidate: Candidate) -> str | None:
        path = candidate.path
        if self._caches and candidate.relative and candidate.name != CACHE_TAG:
            parent = path[: -len(candidate.name)].rstrip(b"/")
            if parent in self._caches:
                return "cache directory"
        if candidate.is_directory:
            if candidate.read_child(CACHE_TAG, len(CACHE_SIGNATURE)) == CACHE_SIGNATURE:
                self._caches.add(path)
            else:
                self._caches.discard(path)
        return None

    def _judge_directory_name(self, candidate: Candidate) -> str | None:
        if candidate.is_directory and candidate.relative and candidate.name in self._directory_names:
            self._met_names.add(candidate.name)
            return f"directory name '{display(candidate.name)}'"
        return None

    def _judge_patterns(self, candidate: Candidate) -> str | None:
        if not candidate.relative:
            return None
        pattern = self._patterns.excluding(candidate.relative, candidate.is_directory)
        return None if pattern is None else f"pattern '{pattern}'"

    def _judge_age(self, candidate: Candidate) -> str | None:
        status = candidate.status
        if status.st_mtime_ns < self._since_ns and stat.S_ISREG(status.st_mode):
            return f"older than {show_since(self._since_ns)}"
        return None


def _judge_junk(candidate: Candidate) -> str | None:
    if not candidate.relative:
        return None
    junk = is_junk(candidate.name, candidate.is_directory, candidate.status.st_size)
    return f"junk: {display(candidate.name)}" if junk else None


def _patterns(lines: Iterable[str], files: Iterable[str | bytes | os.PathLike[str]]) -> Patterns:
    try:
        return Patterns(lines_of(lines, files))
    except BadValue as error:
        raise UsageError(str(error)) from None


def lines_of(lines: Iterable[str], files: Iterable[str | bytes | os.PathLike[str]]) -> list[str]:
    """Return patterns that were given, and behind them those of files.

    Raises
    ------
    UsageError
        One that was given says nothing or makes no sense; a file cannot be read.
    """
    found = list(lines)
    try:
        for line in found:
            if says_nothing(line):
                # Skipped in a file of patterns, as git does; on the command line it was meant.
                raise UsageError(f"pattern '{line}' is a comment or blank; write \\# for a name that begins with #")
    except BadValue as error:
        raise UsageError(str(error)) from None
    for path in files:
        found += _read(path)
    return found


def _read(path: str | bytes | os.PathLike[str]) -> list[str]:
    try:
        with open(path, "rb") as stream:
            return read_patterns(read_text(stream))
    except (OSError, UsageError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{display(os.fsencode(path))}: {reason}") from None


def _directory_name(name: str | bytes) -> bytes:
    raw = os.fsencode(name).rstrip(b"/")
    if not raw or b"/" in raw:
        raise UsageError(f"'{display(os.fsencode(name))}' is no name of a directory; for a path use a pattern")
    return raw
