"""Units for systemd and lines for crontab that run jobs at their times; they are printed, not installed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from .job import Job
from .schedule import parse_schedule

_DELAY = "15min"


def systemd_units(job: Job, program: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of a service and its timer.

    Parameters
    ----------
    program
        The command that runs a job, to which the name of the job is added.
    """
    name = f"pybackup-{job.name}"
    command = " ".join(map(_systemd_word, (*program, job.name)))
    yield (
        f"{name}.service",
        f"[Unit]\nDescription=pybackup: job {job.name}\nWants=network-online.target\nAfter=network-online.target\n\n"
        f"[Service]\nType=oneshot\nExecStart={command}\nNice=10\nIOSchedulingClass=idle\n",
    )
    calendar = parse_schedule(job.get("schedule", "daily")).calendar
    yield (
        f"{name}.timer",
        f"[Unit]\nDescription=pybackup: job {job.name}\n\n"
        f"[Timer]\nOnCalendar={calendar}\nPersistent=true\nRandomizedDelaySec={_DELAY}\n\n"
        "[Install]\nWantedBy=timers.target\n",
    )


def cron_lines(jobs: Iterable[Job], program: Sequence[str]) -> Iterator[str]:
    """Yield a line of a user's crontab for each job. It prints only problems, which cron sends by mail."""
    for job in jobs:
        command = shlex.join((*program, job.name)).replace("%", r"\%")
        yield f"{parse_schedule(job.get('schedule', 'daily')).cron} {command}"


def _systemd_word(word: str) -> str:
    escaped = word.replace("%", "%%").replace("$", "$$")
    if escaped.replace("-", "").replace("_", "").replace("/", "").replace(".", "").replace("%", "").isalnum():
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'
