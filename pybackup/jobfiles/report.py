"""The report of a run of a job: for hooks, mails, the history and other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pybackup.model.display import display
from pybackup.model.problem import Problem

from .run_hook import HookRun

TRIAL = "trial"
"""The state of what is no run, but is to show that messages arrive."""
DISC_FULL = "disc-full"
"""The event that a disc's worth waits to be burnt."""
_PROBLEMS = 1  # the exit status
MOST_PROBLEMS = 1000
"""Problems that a report has with their paths; the others are counted."""


@dataclass(slots=True)
class MadeFile:
    """A file that was made: an ``archive``, ``export``, ``volume`` or ``image``, or the directory of a ``snapshot``.

    Attributes
    ----------
    n_bytes
        Its size; for a snapshot, the bytes that were copied for it.
    files
        How many files are in it; None if that is not known.
    series
        The name of its group of sources, the same in all runs; empty if the job has only one.
    identity
        Its id in the catalogue, in hexadecimal digits; empty if it is not there.
    """

    kind: str
    path: str
    n_bytes: int
    files: int | None = None
    series: str = ""
    identity: str = ""


@dataclass(slots=True)
class Report:
    """A run of a job.

    Attributes
    ----------
    state
        ``ok``, ``problems``, ``fail``, ``skipped`` or `TRIAL`.
    status
        The exit status.
    started, finished
        Seconds since the epoch.
    failures
        Why it failed, or was skipped.
    deleted
        Paths of earlier archives that were deleted.
    to_burn
        Images, or volumes without one, that have to be burnt.
    advice
        What else the user should do.
    staged_files
        How many files a scan of a stage has copied for a disc.
    """

    job: str
    mode: str
    started: float
    comment: str = ""
    state: str = "ok"
    status: int = 0
    finished: float = 0.0
    made: list[MadeFile] = field(default_factory=list)
    content_bytes: int = 0
    staged_files: int = 0
    problems: list[Problem] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    hooks: list[HookRun] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    to_burn: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(0.0, self.finished - self.started)

    @property
    def events(self) -> tuple[str, ...]:
        """The events for notifiers: the state of the run, and ``disc-full`` if a disc has to be burnt."""
        return (self.state, DISC_FULL) if self.to_burn else (self.state,)

    @property
    def files(self) -> int:
        """How many files were stored; those of an export are not counted again beside its archive."""
        exported = {made.series: made.files or 0 for made in self.made if made.kind == "export"}
        archived = {made.series: made.files or 0 for made in self.made if made.kind == "archive"}
        others = (made.files or 0 for made in self.made if made.kind in ("volume", "snapshot"))
        return sum((exported | archived).values()) + sum(others) + self.staged_files

    def take_failure(self, words: str) -> None:
        """Note a failure after the run itself: what was made is kept, but the run did not succeed."""
        self.failures.append(words)
        self.status = max(self.status, _PROBLEMS)
        if self.state in ("ok", "skipped"):
            self.state = "problems"

    def fields(self) -> dict[str, Any]:
        """Return it for JSON; what is no UTF-8 in names is escaped."""
        return {
            "job": self.job,
            "mode": self.mode,
            "state": self.state,
            "status": self.status,
            "started": round(self.started, 3),
            "finished": round(self.finished, 3),
            "comment": self.comment,
            "files": self.files,
            "content_bytes": self.content_bytes,
            "made": [asdict(made) for made in self.made],
            "failures": self.failures,
            "problem_count": len(self.problems),
            "problems": [
                {"path": display(each.path), "trouble": each.trouble.value, "reason": each.reason}
                for each in self.problems[:MOST_PROBLEMS]
            ],
            "hooks": [asdict(hook) for hook in self.hooks],
            "notes": self.notes,
            "deleted": self.deleted,
            "to_burn": self.to_burn,
            "advice": self.advice,
        }

    def to_json(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(self.fields(), ensure_ascii=True)


def worst(statuses: Mapping[str, int]) -> int:
    """Return the worst status of several jobs."""
    return max(statuses.values(), default=0)
