"""When hooks run: which of them, what they stop, and what their failures do."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from pyactivity import ending
from pybackup.jobfiles.hooks import STATES
from pybackup.jobfiles.job import Job, Setting
from pybackup.jobfiles.moments import Stopped, around, is_to_prune, run_after, run_before
from pybackup.jobfiles.report import Report


def job_with(*hooks: dict[str, Any]) -> Job:
    return Job("x", {"hook": Setting(list(hooks), ("here",))})


def report() -> Report:
    return Report("x", "archive", 0.0)


@pytest.mark.parametrize(
    ("status", "state", "said"), [("75", "skipped", "not the time"), ("1", "ok", "before the run:")]
)
def test_what_stops_a_run(status: str, state: str, said: str) -> None:
    found = report()
    never = {"before": "run", "run": ["false"]}
    with pytest.raises(Stopped):
        run_before(job_with({"before": "run", "run": ["sh", "-c", f"exit {status}"]}, never), found)
    assert (found.state, len(found.hooks)) == (state, 1)
    assert said in found.failures[0]


def test_only_the_hooks_of_a_moment_run() -> None:
    sides = [("before", "run"), ("before", "prune"), ("after", "run"), ("after", "volume"), ("after", "prune")]
    job = job_with(*({side: about, "run": ["echo", f"{side} {about} {{file}}"]} for side, about in sides))
    found = report()
    run_before(job, found)
    assert is_to_prune(job, found)
    for about in ("run", "prune"):
        run_after(job, found, about)
    run_after(job, found, "volume", {"file": "a.xtar"})
    assert [hook.output for hook in found.hooks] == [
        "before run {file}\n",
        "before prune {file}\n",
        "after run {file}\n",
        "after prune {file}\n",
        "after volume a.xtar\n",
    ]
    assert [hook.moment for hook in found.hooks] == ["before", "before prune", "after", "after prune", "after volume"]


@pytest.mark.parametrize(
    ("before", "body", "state"),
    [("true", "", "ok"), ("exit 75", "", "skipped"), ("exit 3", "", "fail"), ("true", "error", "fail")],
)
def test_hooks_behind_a_level_run_whatever_came_of_it(before: str, body: str, state: str) -> None:
    found = report()
    behind = [{"after": "level", "run": ["echo", "{status}", "{level}", "{file}"], "states": [each]} for each in STATES]
    job = job_with({"before": "level", "run": before, "shell": True}, *behind)
    done = []
    with suppress(OSError), around(job, found, "level", {"level": "full", "file": "a.xtar"}) as step:
        if step.is_on:
            done.append(True)
            if body:
                raise OSError
    assert bool(done) is (before == "true")
    assert [hook.output for hook in found.hooks[1:]] == [f"{state} full a.xtar\n"]
    assert found.status == (5 if before == "exit 3" else 0)


def test_hooks_behind_a_level_run_when_a_signal_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    found = report()
    monkeypatch.setattr(ending, "_duties", [])  # the others would end more than this test
    with around(job_with({"after": "level", "run": ["echo", "{status}"]}), found, "level", {"file": "a"}):
        for duty in ending._duties:  # as the handler of a signal does
            duty()
        assert [hook.output for hook in found.hooks] == ["fail\n"]


def test_a_failure_behind_stops_no_other_and_is_one_of_the_run() -> None:
    found = report()
    run_after(job_with(*({"after": "run", "run": [word]} for word in ("false", "true"))), found)
    assert [hook.status for hook in found.hooks] == [1, 0]
    assert (found.state, found.status, found.failures) == ("problems", 1, ["after the run: false: exit status 1"])
