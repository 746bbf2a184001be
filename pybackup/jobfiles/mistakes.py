"""What is wrong with job files: all of it, each with its place."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pybackup.errors import UsageError


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake.

    Attributes
    ----------
    file, line
        Where it stands; 0 where the line is not known.
    table
        The table, as the file writes it: ``job.work``; empty for the top.
    key
        Of that table; empty where it is about the whole of it.
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
    """There are mistakes in job files.

    Attributes
    ----------
    mistakes
        All of them, in the order of the files.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


def no_such(what: str, name: str, known: Collection[str]) -> str:
    """Say that there is none of that name, and which one was meant."""
    close = difflib.get_close_matches(name.replace("-", "_"), known, 1)
    return f"no such {what}" + (f"; did you mean '{close[0]}'?" if close else "")
