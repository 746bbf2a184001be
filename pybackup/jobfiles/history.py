"""The history of runs: one line of JSON for each, in ``$XDG_STATE_HOME/pybackup/runs.jsonl``."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator
from typing import Any

from pybackup.host.state import state_directory

from .report import Report

_NAME = "runs.jsonl"
# The fields of a report that are kept: not the output of hooks, nor each problem.
_KEPT = (
    "job",
    "mode",
    "state",
    "status",
    "started",
    "finished",
    "comment",
    "files",
    "content_bytes",
    "made",
    "failures",
)


def history_path() -> str:
    """Return the path of the history."""
    return os.path.join(state_directory(), _NAME)


def kept_of(report: Report) -> dict[str, Any]:
    """Return the fields of a report that the history keeps."""
    told = report.fields()
    return {name: told[name] for name in (*_KEPT, "problem_count")}


def remember(report: Report) -> None:
    """Append a run to the history.

    Raises
    ------
    OSError
    """
    line = kept_of(report)
    os.makedirs(state_directory(), mode=0o700, exist_ok=True)
    data = json.dumps(line, ensure_ascii=True).encode() + b"\n"
    fd = os.open(history_path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, data)  # in one call, so that two runs never mix their lines
    finally:
        os.close(fd)


def runs(job: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the runs of a job, or of all jobs, the oldest first. Lines that are no run are skipped."""
    if not os.path.exists(history_path()):
        return
    with open(history_path(), "rb") as stream:
        for line in stream:
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict) and "finished" in found and job in (None, found.get("job")):
                yield found


def last_runs(job: str, count: int) -> list[dict[str, Any]]:
    """Return the last runs of a job, the newest first."""
    return list(deque(runs(job), maxlen=count))[::-1]
