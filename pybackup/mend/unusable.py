"""Files that were given as volumes and are no use: a problem, unless what they may have been has been made anew."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Relay


class Unusable(Relay):
    """Keeps what is to be said of such files until it is known how the rebuilding ends; use it in a ``with``.

    Whoever rebuilds from cron wants to hear of what is wrong, and nothing is when all volumes are there. But a file
    more than there are volumes that were not given may be a volume that nothing else tells of.
    """

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor)
        self._refused: list[Problem] = []

    def refuse(self, path: bytes, reason: str) -> None:
        """Take note of a file that tells too little of what it is, or was, to be used."""
        self._refused.append(Problem(path, Trouble.REFUSED, reason))

    def settle(self, not_given: int) -> None:
        """Only note each file, if no more were refused than there are volumes by now that were not given."""
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
