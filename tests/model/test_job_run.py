"""Reports of runs of jobs that come from a file that is not trusted."""

from __future__ import annotations

from typing import Any

import pytest

from pybackup.model.job_run import check_job_run

GOOD: dict[str, Any] = {
    **{"job": "work", "state": "ok", "status": 0, "started": 1.5, "finished": 2, "failures": ["x"]},
    **{"files": 3, "content_bytes": 9, "problem_count": 0},
}


def test_a_report_is_taken_with_whatever_it_tells_besides() -> None:
    check_job_run(GOOD | {"comment": None, "later": [1]})


@pytest.mark.parametrize(
    "wrong",
    [
        *({name: None} for name in GOOD),
        {"job": "a\0b"},
        {"state": "x" * 17},
        {"started": float("nan")},
        {"finished": 1e300},
        {"files": -1},
        {"content_bytes": 1 << 63},
        {"failures": [1]},
    ],
)
def test_what_columns_and_lines_cannot_be_made_of_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no report"):
        check_job_run(GOOD | wrong)


@pytest.mark.parametrize("report", [None, [], "x", {}])
def test_what_is_no_report_is_refused(report: Any) -> None:
    with pytest.raises(ValueError, match="no report"):
        check_job_run(report)
