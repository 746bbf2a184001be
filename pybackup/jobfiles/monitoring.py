"""Whether jobs ran as they should: for people, for Prometheus, for Nagios."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .history import runs

_DAY = 86_400
_GOOD = ("ok", "problems", "skipped")


@dataclass(frozen=True, slots=True)
class JobHealth:
    """Whether a job runs as it should.

    Attributes
    ----------
    last
        Its last run; None if it never ran.
    succeeded
        The end of the last run that stored something, even with problems, in seconds since the epoch; None for never.
    is_late
        Whether that is too long ago.
    """

    job: str
    last: Mapping[str, Any] | None
    succeeded: float | None
    is_late: bool

    @property
    def is_well(self) -> bool:
        """Whether nothing has to be done about it."""
        return not self.is_late and self.last is not None and self.last["state"] in ("ok", "skipped")


def health_of(jobs: Iterable[str], max_age_seconds: float, now: float | None = None) -> list[JobHealth]:
    """Return the health of each job.

    Parameters
    ----------
    max_age_seconds
        A job is late if it did not succeed for so long.
    now
        In seconds since the epoch; None for the clock.
    """
    now = time.time() if now is None else now
    last: dict[str, dict[str, Any]] = {}
    succeeded: dict[str, float] = {}
    for run in runs():
        last[run["job"]] = run
        if run["state"] in ("ok", "problems"):
            succeeded[run["job"]] = float(run["finished"])
    return [
        JobHealth(
            job, last.get(job), succeeded.get(job), job not in succeeded or now - succeeded[job] > max_age_seconds
        )
        for job in jobs
    ]


def words(health: JobHealth, now: float) -> str:
    """Return one line about the health of a job."""
    if health.last is None:
        return f"{health.job}: never ran"
    ago = (now - float(health.last["finished"])) / _DAY
    late = ""
    if health.is_late:
        late = (
            ", nothing stored ever"
            if health.succeeded is None
            else f", nothing stored for {(now - health.succeeded) / _DAY:.1f} days"
        )
    return f"{health.job}: {health.last['state']} {ago:.1f} days ago{late}"


def prometheus(found: Sequence[JobHealth]) -> Iterator[str]:
    """Yield the lines for the textfile collector of Prometheus' node exporter."""
    metrics: Sequence[tuple[str, str, Callable[[Mapping[str, Any]], float]]] = (
        ("last_run_timestamp_seconds", "When the last run ended.", lambda run: run["finished"]),
        ("last_run_status", "The exit status of the last run.", lambda run: run["status"]),
        ("last_run_problems", "Files with problems in the last run.", lambda run: run["problem_count"]),
        ("last_run_files", "Files stored by the last run.", lambda run: run["files"]),
        ("last_run_content_bytes", "Bytes of the files stored by the last run.", lambda run: run["content_bytes"]),
        ("last_run_duration_seconds", "How long the last run took.", lambda run: run["finished"] - run["started"]),
    )
    for name, help, value in metrics:
        yield f"# HELP pybackup_{name} {help}"
        yield f"# TYPE pybackup_{name} gauge"
        for health in found:
            if health.last is not None:
                yield f'pybackup_{name}{{job="{health.job}"}} {value(health.last)}'
    yield "# HELP pybackup_last_success_timestamp_seconds When something was stored last; 0 for never."
    yield "# TYPE pybackup_last_success_timestamp_seconds gauge"
    for health in found:
        yield f'pybackup_last_success_timestamp_seconds{{job="{health.job}"}} {health.succeeded or 0}'


def nagios(found: Sequence[JobHealth], now: float) -> tuple[str, int]:
    """Return the line and the exit status of a Nagios plugin: 0 well, 1 problems, 2 late or failed."""
    critical = [each for each in found if each.is_late or (each.last is not None and each.last["state"] not in _GOOD)]
    warning = [each for each in found if each not in critical and not each.is_well]
    status = 2 if critical else 1 if warning else 0
    told = [words(each, now) for each in (critical or warning or found)]
    return f"PYBACKUP {('OK', 'WARNING', 'CRITICAL')[status]} - {'; '.join(told) or 'no jobs'}", status
