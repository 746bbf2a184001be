"""The history of runs: a line for each, shown from the newest on; lines that are no run do no harm."""

from __future__ import annotations

import os
from pathlib import Path

from pybackup.host.state import state_directory
from pybackup.jobfiles.history import history_path, last_runs, remember, runs
from pybackup.jobfiles.report import Report
from pybackup.model.problem import Problem, Trouble


def test_it_lies_where_the_desktop_keeps_state() -> None:
    assert state_directory({"XDG_STATE_HOME": "/state", "HOME": "/home/me"}) == "/state/pybackup"
    assert state_directory({"HOME": "/home/me"}) == "/home/me/.local/state/pybackup"


def test_without_a_run_there_is_none() -> None:
    assert list(runs()) == []
    assert last_runs("x", 3) == []


def test_the_last_runs_of_a_job_come_newest_first() -> None:
    for number in range(5):
        remember(Report(f"job {number % 2}", "archive", float(number), finished=number + 0.5, comment=f"{number}"))
    assert [run["comment"] for run in runs()] == list("01234")
    assert [run["comment"] for run in last_runs("job 0", 2)] == ["4", "2"]
    assert os.stat(history_path()).st_mode & 0o777 == 0o600


def test_problems_are_counted_and_not_named() -> None:
    remember(Report("x", "archive", 0.0, problems=[Problem(b"secret/name", Trouble.UNREADABLE, "no")] * 3))
    (run,) = runs("x")
    assert run["problem_count"] == 3
    assert "secret" not in Path(history_path()).read_text()


def test_what_is_no_run_is_passed_over() -> None:
    remember(Report("x", "archive", 1.0))
    with open(history_path(), "a") as stream:
        stream.write('{"job": "x"}\n[1]\n\xff{\n{"job": "x", "finish')
    assert [run["started"] for run in runs("x")] == [1.0]
