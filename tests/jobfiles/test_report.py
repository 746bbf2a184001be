"""The report of a run: each file is counted once, and a failure after the run itself is no success."""

from __future__ import annotations

import json

import pytest

from pybackup.jobfiles.report import MOST_PROBLEMS, MadeFile, Report, worst
from pybackup.model.problem import Problem, Trouble


def test_an_export_has_the_files_of_its_archive() -> None:
    report = Report("x", "archive", 0.0)
    report.made = [
        MadeFile("archive", "a.xtar", 10, 3),
        MadeFile("export", "a.zip", 10, 3),
        MadeFile("archive", "b.xtar", 10, 4, "photos"),
    ]
    assert report.files == 7
    report.made = [MadeFile("export", "a.zip", 10, 3)]
    assert report.files == 3
    report.made = [
        MadeFile("volume", "a-1.xtar", 10, 2),
        MadeFile("volume", "a-2.xtar", 10, 5),
        MadeFile("image", "i", 1),
    ]
    assert report.files == 7


@pytest.mark.parametrize(
    ("state", "status", "then"),
    [("ok", 0, ("problems", 1)), ("skipped", 0, ("problems", 1)), ("fail", 4, ("fail", 4))],
)
def test_what_fails_behind_a_run_is_no_success(state: str, status: int, then: tuple[str, int]) -> None:
    report = Report("x", "archive", 0.0, state=state, status=status)
    report.take_failure("the mail was not sent")
    assert (report.state, report.status) == then
    assert report.failures == ["the mail was not sent"]


def test_a_million_problems_are_counted_and_some_are_named() -> None:
    report = Report("x", "archive", 0.0, problems=[Problem(b"a\xff\n", Trouble.UNREADABLE, "no")] * (MOST_PROBLEMS + 5))
    told = json.loads(report.to_json())
    assert told["problem_count"] == MOST_PROBLEMS + 5
    assert len(told["problems"]) == MOST_PROBLEMS
    assert told["problems"][0] == {"path": r"a\xff\n", "trouble": "unreadable", "reason": "no"}
    assert "\n" not in report.to_json()


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    assert Report("x", "archive", 10.0, finished=5.0).seconds == 0


def test_the_worst_status_of_all_is_that_of_a_run() -> None:
    assert worst({}) == 0
    assert worst({"a": 0, "b": 4, "c": 1}) == 4
