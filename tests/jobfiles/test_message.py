"""The mail about a run: first what went wrong, and nothing that a terminal or a browser would execute."""

from __future__ import annotations

import pytest

from pybackup.jobfiles.message import MOST_LINES, as_html, as_text, sections, subject, summary
from pybackup.jobfiles.report import MadeFile, Report
from pybackup.jobfiles.run_hook import HookRun
from pybackup.model.problem import Problem, Trouble


def a_report(**fields: object) -> Report:
    report = Report("work", "archive", 1.8e9, finished=1.8e9 + 61, state="problems", status=1)
    for name, value in fields.items():
        setattr(report, name, value)
    return report


BAD = Problem(b"a\n<b>\x1b[31m", Trouble.UNREADABLE, "Input/output error")


def test_the_subject_says_job_machine_and_outcome() -> None:
    assert subject(a_report(), "host") == "backup of work on host: done, with problems"
    assert subject(a_report(problems=[BAD] * 3), "host").endswith(", 3 problems")
    assert "\n" not in subject(a_report(job="a\nBcc: x@y.z"), "host")


def test_what_went_wrong_comes_before_what_was_stored() -> None:
    report = a_report(
        failures=["the disc is full\nfor good"],
        problems=[BAD],
        advice=["free some space"],
        made=[MadeFile("archive", "/b/a.xtar", 2048, 7)],
        deleted=["/b/old.xtar"],
        hooks=[
            HookRun("umount /x", "after", 32, "busy\n", "exit status 32", 0.1),
            HookRun("ok", "after", 0, "x", "", 0),
        ],
        notes=["one note"],
    )
    found = dict(sections(report))
    assert list(found) == [
        "Why",
        "What was wrong",
        "What to do next",
        "What was stored, and where",
        "What was deleted, since keep has it no longer",
        "What umount /x said",
        "Notes",
    ]
    assert found["Why"] == ["the disc is full", "for good"]
    assert found["What umount /x said"] == ["busy"]


def test_of_many_problems_some_are_shown_and_the_others_counted() -> None:
    lines = dict(sections(a_report(problems=[BAD] * (MOST_LINES + 7))))["What was wrong"]
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "and 7 more"


@pytest.mark.parametrize("form", [as_text, as_html])
def test_nothing_in_it_is_obeyed(form: object) -> None:
    report = a_report(problems=[BAD], failures=["<script>\x1b[2J"], job="<i>")
    text = (as_text if form is as_text else as_html)(report, [report.fields()])
    assert "\x1b" not in text
    if form is as_html:
        assert "<script>" not in text
        assert "<b>\\x1b" not in text
        assert "http" not in text


def test_the_last_runs_stand_in_columns() -> None:
    text = as_text(a_report(), [a_report().fields(), a_report(state="ok", content_bytes=1 << 30).fields()])
    *_, head, first, second = text.splitlines()
    assert head.split() == ["began", "outcome", "files", "content", "problems"]
    assert first.index("problems") == second.index("ok") == head.index("outcome")


def test_a_summary_is_one_line() -> None:
    assert summary(a_report()).startswith("done, with problems: 0 files of 0 B, began 20")
    assert summary(a_report()).endswith("took 61 s")
