"""Files given as volumes that are too damaged to be used: a problem, unless all volumes exist in the end."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Relay


class RefusedFiles(Relay):
    """A monitor that keeps messages about such files until rebuilding has ended; use it in a ``with``.

    If every volume is intact or was rebuilt, such a file was not needed, and is only noted. But if there are more such
    files than volumes that were not given, one of them may be a volume that no index lists: then they are problems.
    """

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self._refused: list[Problem] = []

    def refuse(self, path: bytes, reason: str) -> None:
        """Remember that a file cannot be used, and why."""
        self._refused.append(Problem(path, Trouble.REFUSED, reason))

    def settle(self, not_given: int) -> None:
        """Report the files as notes, not problems, if there are no more of them than volumes that were not given."""
        if len(self._refused) <= not_given:
            for refused in self._refused:
                self.note(f"{os.fsdecode(refused.path)}: {refused.reason}; it was not needed")
            self._refused.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for refused in self._refused:
            self.problem(refused)
