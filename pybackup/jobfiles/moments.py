"""The hooks of a job at each moment: before and after the run, each volume, and the deleting of earlier archives."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack

from pyactivity.ending import Held, Meanwhile

from .hooks import Hook
from .job import Job
from .report import Report
from .run_hook import SKIP, HookRun, run_hook

_ENVIRONMENT = 5


class Stopped(Exception):
    """A hook before the run has stopped it; the report says why."""


def run_before(job: Job, report: Report) -> None:
    """Run the hooks before the run.

    Raises
    ------
    Stopped
        One failed, or says that it is not the time.
    """
    for hook in _hooks(job, "run", is_before=True):
        done = _run(job, hook, report)
        if done.status == SKIP:
            report.state = "skipped"
            report.failures.append(f"{done.command}: it is not the time for it")
            raise Stopped
        if done.failure:
            report.status = _ENVIRONMENT
            report.failures.append(f"before the run: {done.command}: {done.failure}")
            raise Stopped


def is_to_prune(job: Job, report: Report) -> bool:
    """Run the hooks before earlier archives are deleted; return whether none says that they are to stay."""
    for hook in _hooks(job, "prune", is_before=True):
        done = _run(job, hook, report)
        if done.status == SKIP:
            report.notes.append(f"nothing was deleted: {done.command}: it is not the time for it")
            return False
        if done.failure:
            report.take_failure(f"nothing was deleted: {done.command}: {done.failure}")
            return False
    return True


def run_after(job: Job, report: Report, about: str = "run", file: str = "") -> None:
    """Run the hooks that follow; a failure of one stops no other, and is one of the job.

    Parameters
    ----------
    about
        ``run``, ``volume`` or ``prune``.
    file
        The volume.
    """
    for hook in _hooks(job, about, is_before=False):
        if about == "run" and report.state not in hook.states:
            continue
        done = _run(job, hook, report, file)
        if done.failure:
            report.take_failure(f"after the {about}: {done.command}: {done.failure}")


def _hooks(job: Job, about: str, *, is_before: bool) -> list[Hook]:
    return [hook for hook in job.hooks if hook.about == about and hook.is_before == is_before]


def _run(job: Job, hook: Hook, report: Report, file: str = "") -> HookRun:
    """Run a hook; behind a run, and around what comes of one, it gets a file with the report so far."""
    values = {"job": job.name, "status": "", "report": ""}
    names = {"PYBACKUP_JOB": job.name}
    with ExitStack() as stack:
        if hook.about != "run" or not hook.is_before:
            with Held():
                name = tempfile.NamedTemporaryFile("w", prefix="pybackup-report-", suffix=".json")  # noqa: SIM115
                told = stack.enter_context(name)
                stack.enter_context(Meanwhile(told.close))
            told.write(report.to_json() + "\n")
            told.flush()
            values |= {"status": report.state, "report": told.name}
            if hook.about == "volume":
                values["file"] = file
            names = {f"PYBACKUP_{name.upper()}": value for name, value in values.items()}
            names["PYBACKUP_EXIT"] = str(report.status)
        done = run_hook(hook, values, names)
    report.hooks.append(done)
    return done
