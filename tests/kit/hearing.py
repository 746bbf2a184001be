"""Monitors that keep more of what a run says than problems."""

from __future__ import annotations

from pybackup.monitor import Monitor


class Notes(Monitor):
    """Keeps notes, too."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


class Counting(Monitor):
    """How much is told to be done."""

    files = n_bytes = 0

    def advance(self, files: int, n_bytes: int) -> None:
        self.files += files
        self.n_bytes += n_bytes
