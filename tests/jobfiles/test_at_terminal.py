"""Jobs run at a terminal: the comment is asked for; wide, narrow, dumb."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kit.terminal import at_terminal

from .conftest import WriteJobs

JOB = '[job.x]\nsources = ["docs"]\noutput = "out/{job}-{comment}.xtar"\n'


@pytest.mark.parametrize(("answer", "made"), [("of May", "x-of May.xtar"), ("", "x.xtar")])
def test_the_comment_is_asked_for(answer: str, made: str, jobs: WriteJobs) -> None:
    path = jobs(JOB)
    status, shown = at_terminal("run", path, answers=[answer], mark=b"(empty: none): ")
    assert (status, os.listdir("out")) == (0, [made]), shown
    assert "job x: ok, 1 file made, 2 files of 760 B" in shown


def test_it_is_not_where_it_is_known(jobs: WriteJobs) -> None:
    path = jobs(JOB + 'comment = "known"\n')
    status, shown = at_terminal("run", path, answers=[], mark=b"(empty: none): ")
    assert (status, "a comment" in shown, os.listdir("out")) == (0, False, ["x-known.xtar"])
    status, shown = at_terminal("run", path, "--comment", "typed", answers=[], mark=b"(empty: none): ")
    assert (status, "a comment" in shown, sorted(os.listdir("out"))) == (0, False, ["x-known.xtar", "x-typed.xtar"])


@pytest.mark.parametrize(("name", "value"), [("COLUMNS", "30"), ("TERM", "dumb"), ("NO_COLOR", "1")])
def test_terminals_of_all_kinds(name: str, value: str, jobs: WriteJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    path = jobs(JOB)
    status, shown = at_terminal("run", path, "--comment", "a", answers=[])
    assert status == 0, shown
    lines = shown.replace("\r\n", "\n").splitlines()
    assert lines[-1].startswith("pybackup: job x: ok, ")
    if name != "COLUMNS":
        assert "\x1b[3" not in shown  # no colour


def test_a_page_on_all_jobs(jobs: WriteJobs) -> None:
    from pybackup.cli.main import main

    os.mkfifo("docs/<script>")
    other = JOB.replace("job.x", "job.y").replace('"docs"', '"none"')
    path = jobs(JOB + 'export = "zip"\n' + other)
    assert main(["run", str(path), "--comment", "a", "--html", "page.html", "--quiet"]) == 2
    text = Path("page.html").read_text()
    assert "x: done, with problems: 2 files" in text
    assert "y: FAILED" in text
    assert "docs/&lt;script&gt;: refused: a zip holds no FIFOs" in text
    assert "<script>:" not in text
    assert main(["run", "x", "--config", str(path), "--html", "page.html"]) == 2
    assert Path("page.html").read_text() == text
