"""When hooks run: before and after the run, each level, each burn and the deleting, and after each volume."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from pyactivity.ending import Held, Meanwhile

from .hooks import Hook
from .job import Job
from .report import Report
from .run_hook import SKIP, HookRun, run_hook

_ENVIRONMENT = 5
_NOTHING: Mapping[str, str] = {}


class Stopped(Exception):
    """Raised when a hook before the run has stopped it; the report says why."""


class HookedStep:
    """One level or one burn, with hooks before and after it.

    Attributes
    ----------
    state
        ``ok``, ``problems``, ``fail`` or ``skipped``, as far as it is known.
    told
        The values for placeholders in the hooks' arguments, by name: for ``{file}`` and others.
    """

    def __init__(self, told: Mapping[str, str]) -> None:
        self.state = "ok"
        self.told = dict(told)

    @property
    def is_on(self) -> bool:
        """Whether it goes ahead, as no hook has stopped it."""
        return self.state == "ok"


def run_before(job: Job, report: Report) -> None:
    """Run the hooks before the run.

    Raises
    ------
    Stopped
        A hook failed, or says by its status that the run is to be skipped.
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


@contextmanager
def around(job: Job, report: Report, about: str, told: Mapping[str, str]) -> Iterator[HookedStep]:
    """Run the hooks before a ``level`` or ``burn``, then the block, then the hooks after it, even if the block failed.

    The block must do nothing unless `HookedStep.is_on`, and set the state if it is not ``ok``.
    """
    step = HookedStep(told)

    def interrupted() -> None:
        step.state = "fail"
        _behind(job, report, about, step)

    try:
        with Meanwhile(interrupted):
            for hook in _hooks(job, about, is_before=True):
                if step.is_on:
                    _before(job, hook, report, step)
            yield step
    except BaseException:
        step.state = "fail" if step.is_on else step.state
        raise
    finally:
        _behind(job, report, about, step)


def _before(job: Job, hook: Hook, report: Report, step: HookedStep) -> None:
    done = _run(job, hook, report, {**step.told, "status": ""})
    if done.status == SKIP:
        step.state = "skipped"
        report.notes.append(f"{step.told['file']}: {done.command}: it is not the time for it")
    elif done.failure:
        step.state = "fail"
        report.status = max(report.status, _ENVIRONMENT)
        report.failures.append(f"{step.told['file']}: {hook.moment}: {done.command}: {done.failure}")


def _behind(job: Job, report: Report, about: str, step: HookedStep) -> None:
    for hook in _hooks(job, about, is_before=False):
        if step.state in hook.states:
            _run_behind(job, hook, report, {**step.told, "status": step.state})


def is_to_prune(job: Job, report: Report) -> bool:
    """Run the hooks before earlier archives are deleted; return False if one of them stops the deleting."""
    for hook in _hooks(job, "prune", is_before=True):
        done = _run(job, hook, report)
        if done.status == SKIP:
            report.notes.append(f"nothing was deleted: {done.command}: it is not the time for it")
            return False
        if done.failure:
            report.take_failure(f"nothing was deleted: {done.command}: {done.failure}")
            return False
    return True


def run_after(job: Job, report: Report, about: str = "run", told: Mapping[str, str] = _NOTHING) -> None:
    """Run the hooks after a step. If one fails the others still run, and the job has failed.

    Parameters
    ----------
    about
        ``run``, ``volume`` or ``prune``.
    told
        Further values for placeholders, beside those that all hooks have.
    """
    for hook in _hooks(job, about, is_before=False):
        if about != "run" or report.state in hook.states:
            _run_behind(job, hook, report, told)


def _run_behind(job: Job, hook: Hook, report: Report, told: Mapping[str, str]) -> None:
    done = _run(job, hook, report, told)
    if done.failure:
        report.take_failure(f"after the {hook.about}: {done.command}: {done.failure}")


def has_hooks(job: Job, about: str, *, is_before: bool) -> bool:
    """Whether a job has hooks before, or after, a step."""
    return bool(_hooks(job, about, is_before=is_before))


def _hooks(job: Job, about: str, *, is_before: bool) -> list[Hook]:
    return [hook for hook in job.hooks if hook.about == about and hook.is_before == is_before]


def _run(job: Job, hook: Hook, report: Report, told: Mapping[str, str] = _NOTHING) -> HookRun:
    """Run a hook; all but those before the run get a file with the report so far."""
    values = {"job": job.name, "status": "", "report": ""}
    names = {"PYBACKUP_JOB": job.name}
    with ExitStack() as stack:
        if hook.about != "run" or not hook.is_before:
            with Held():
                name = tempfile.NamedTemporaryFile("w", prefix="pybackup-report-", suffix=".json")  # noqa: SIM115
                file = stack.enter_context(name)
                stack.enter_context(Meanwhile(file.close))
            file.write(report.to_json() + "\n")
            file.flush()
            values |= {"status": report.state, "report": file.name, **told}
            names = {f"PYBACKUP_{name.upper()}": value for name, value in values.items()}
            names["PYBACKUP_EXIT"] = str(report.status)
        done = run_hook(hook, values, names)
    report.hooks.append(done)
    return done
