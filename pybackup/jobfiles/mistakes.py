"""Mistakes in job files, each with its place."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pybackup.errors import UsageError


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a job file.

    Attributes
    ----------
    file, line
        Where it is; line 0 if that is not known.
    table
        The table, as in the file: ``job.work``; empty for the top level.
    key
        The key in that table; empty if the whole table is wrong.
    text
        What is wrong.
    """

    file: str
    line: int
    table: str
    key: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        parts = [place, *([f"[{self.table}]"] if self.table else []), *([self.key] if self.key else [])]
        return f"{': '.join(parts)}: {self.text}"


class WrongJobFiles(UsageError):
    """Job files have mistakes; ``mistakes`` has all of them, in the order of the files.

    Attributes
    ----------
    mistakes
        Each with its file and line.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


def no_such(what: str, name: str, known: Collection[str]) -> str:
    """Return the message that a name is unknown, with the known name that was probably meant."""
    close = difflib.get_close_matches(name.replace("-", "_"), known, 1)
    return f"no such {what}" + (f"; did you mean '{close[0]}'?" if close else "")
