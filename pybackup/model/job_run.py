"""What is kept of a run of a job, as it comes from a file that is not trusted."""

from __future__ import annotations

from typing import Any

_MOST_SECONDS = 1 << 33  # 64 bits of nanoseconds hold more
_MOST_STATE = 16


def check_job_run(run: Any) -> None:
    """Refuse a report that tells less than a run tells, or something else: it is shown, and columns are made of it.

    Raises
    ------
    ValueError
        It does.
    """
    if not isinstance(run, dict):
        raise ValueError("no report of a run")
    texts = [run.get("job"), run.get("state"), *_list(run.get("failures"))]
    times = [run.get("started"), run.get("finished")]
    counts = [run.get(name) for name in ("status", "files", "content_bytes", "problem_count")]
    if not (
        all(isinstance(text, str) and "\0" not in text for text in texts)
        and all(isinstance(at, int | float) and 0 <= at < _MOST_SECONDS for at in times)
        and all(isinstance(number, int) and 0 <= number < 1 << 63 for number in counts)
        and len(run["state"]) <= _MOST_STATE
    ):
        raise ValueError("no report of a run")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("no report of a run")
    return value
