"""Running a job: its lock, hooks before it, what it makes, hooks after it, and the report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from pyactivity.ending import Meanwhile, take_time
from pybackup import api
from pybackup.errors import Exists, PybackupError
from pybackup.monitor import Monitor, Relay

from . import snapshots, stages
from .burning import burn_images
from .history import remember
from .job import Job
from .keep import prune
from .levels import level_asked, level_made
from .lock import job_lock
from .moments import Stopped, around, has_hooks, is_to_prune, run_after, run_before
from .recording import advise, forget, record, record_run
from .report import MadeFile, Report
from .run_options import options_of_run
from .tasks import ArchiveTask, Given, SetTask, archive_tasks, set_task
from .tell import tell, tell_start

_PROBLEMS = 1


@dataclass(frozen=True, slots=True)
class Wording:
    """How the program that runs jobs words errors.

    Attributes
    ----------
    status_of
        Returns the exit status for an error.
    reason_of
        Returns the message for an error.
    """

    status_of: Callable[[BaseException], int]
    reason_of: Callable[[BaseException], str]


def run_job(job: Job, given: Given, wording: Wording, monitor: Monitor) -> Report:
    """Run a job, and return a report, which also tells of failures.

    Raises
    ------
    KeyboardInterrupt
        When the run is interrupted; hooks after it have run, and notifiers were told, before that.
    """
    report = Report(job.name, job.mode, time.time(), str(given.comment or job.get("comment", "")))
    heard = _Heard(monitor, report)

    def conclude_interrupted() -> None:
        take_time(0)  # no limit of time here: hooks have their own
        _fail(job, report, KeyboardInterrupt(), wording)
        _conclude(job, report, heard, is_cut_short=True)

    interrupted: BaseException | None = None
    with ExitStack() as stack:
        try:
            with Meanwhile(conclude_interrupted, last=True):
                stack.enter_context(job_lock(job.name))
                report.failures += tell_start(job)
                run_before(job, report)
                _make(job, given, wording, heard, report)
        except Stopped:
            pass
        except BaseException as error:
            interrupted = error if isinstance(error, KeyboardInterrupt) else None
            _fail(job, report, error, wording)
        _conclude(job, report, heard)
    if interrupted:
        raise interrupted
    return report


def _conclude(job: Job, report: Report, heard: _Heard, *, is_cut_short: bool = False) -> None:
    """Run the hooks after a run, tell notifiers, and write the run down.

    After a signal nothing is written into the catalogue, as what was interrupted may be writing there.
    """
    report.problems = list(heard.problems)
    _settle(report)
    run_after(job, report)
    report.finished = time.time()
    for words in tell(job, report):
        report.take_failure(words)
    try:
        remember(report)
    except OSError as error:
        report.take_failure(f"the history of runs cannot be written: {error.strerror}")
    why = "" if is_cut_short else record_run(job, report)
    # That the catalogue is out of reach has been told, where something was to be written down there before.
    if why and all(problem.reason != why for problem in report.problems):
        report.take_failure(f"the run is not in the catalogue: {why}")


class _Heard(Relay):
    """A monitor that passes everything on, and keeps notes for the report."""

    def __init__(self, monitor: Monitor, report: Report) -> None:
        super().__init__(monitor)
        self._report = report

    def note(self, text: str) -> None:
        """Keep a note, and pass it on."""
        self._report.notes.append(text)
        super().note(text)


def _fail(job: Job, report: Report, error: BaseException, wording: Wording) -> None:
    report.status = max(report.status, wording.status_of(error))
    report.failures.append(wording.reason_of(error))
    if isinstance(error, Exists) and "{time}" not in str(job.get("output", job.get("volumes", ""))):
        report.advice.append("a {time} in the name of what is made gives each run of a day one of its own")


def _settle(report: Report) -> None:
    """Set the state of the report, one word, by what happened."""
    report.finished = time.time()
    if report.state == "skipped":
        return
    if not report.status and (report.problems or report.failures):
        report.status = _PROBLEMS
    report.state = {0: "ok", _PROBLEMS: "problems"}.get(report.status, "fail")


def _make(job: Job, given: Given, wording: Wording, monitor: Monitor, report: Report) -> None:
    given = replace(given, now=given.now or report.started)
    if job.mode == snapshots.MODE:
        snapshots.make_snapshot(job, monitor, report)
        return
    if job.mode == stages.MODE:
        images = stages.scan_stage(job, monitor, report)
        record(job, images, monitor, for_discs=True)
        advise(job, report, monitor)
        return
    if job.mode == "discs":
        try:
            _make_set(job, set_task(job, given), monitor, report, wording)
        except _Undone as undone:
            _take_undone(report, [str(undone)])
        advise(job, report, monitor)
        return
    undone_so_far = []
    for task in archive_tasks(job, given):
        try:
            _make_archive(job, task, monitor, report)
        except _Undone as undone:
            undone_so_far.append(str(undone))
        except (PybackupError, OSError) as error:
            # If one archive fails, the others are still made.
            _fail(job, report, error, wording)
    _take_undone(report, undone_so_far)
    advise(job, report, monitor)
    if report.status <= _PROBLEMS:
        prune(job, report, lambda: is_to_prune(job, report))
        forget(job, report.deleted, monitor)
        if report.deleted:
            run_after(job, report, "prune")


class _Undone(Exception):
    """Raised when a hook before a level has stopped it."""


def _take_undone(report: Report, undone: Sequence[str]) -> None:
    """If hooks stopped everything, so that the run made nothing, the run counts as skipped."""
    if undone and not report.made and not report.failures:
        report.state = "skipped"
        report.failures += undone


@contextmanager
def _at_level(
    job: Job, options: Mapping[str, Any], file: str, monitor: Monitor, report: Report
) -> Iterator[Mapping[str, Any]]:
    """Give the options for the archive or set that the block makes, and run the hooks before and after that.

    Raises
    ------
    _Undone
        A hook has stopped it.
    """
    options = options_of_run(job, options, report.started, monitor)
    before = len(monitor.problems)
    with around(job, report, "level", {"file": file, "level": level_asked(options)}) as step:
        if not step.is_on:
            raise _Undone(f"{file}: it is not the time for it")
        yield options
        if has_hooks(job, "level", is_before=False):
            step.told["level"] = level_made(file) or step.told["level"]
        step.state = "problems" if len(monitor.problems) > before else "ok"


def _make_archive(job: Job, task: ArchiveTask, monitor: Monitor, report: Report) -> None:
    with _at_level(job, task.options, task.output, monitor, report) as options:
        made = api.create(**options, output=task.output, monitor=monitor)
    archive = os.fsdecode(made.path)
    report.content_bytes += made.content_bytes
    entry = MadeFile("archive", archive, made.archive_bytes, made.files, task.series)
    if task.export is None:
        report.made.append(entry)
        _record(job, [entry], monitor)
        return
    before = len(monitor.problems)
    try:
        done = api.export(archive, task.exported, format=task.export, monitor=monitor)
    except BaseException:
        report.made.append(entry)
        raise
    if task.instead and len(monitor.problems) == before:
        os.unlink(archive)
        report.made.append(MadeFile("export", task.exported, done.n_bytes, done.files, task.series))
        return
    if task.instead:
        monitor.note(f"{archive}: stays, since not all of it is in {task.exported}")
    report.made += [entry, MadeFile("export", task.exported, done.n_bytes, done.files, task.series)]
    _record(job, [entry], monitor)


def _make_set(job: Job, task: SetTask, monitor: Monitor, report: Report, wording: Wording) -> None:
    with _at_level(job, task.options, task.volumes, monitor, report) as options:
        done = api.create_set(**options, volumes=task.volumes, monitor=monitor)
    report.content_bytes += done.content_bytes
    for volume in done.volumes:
        report.made.append(MadeFile("volume", os.fsdecode(volume.path), volume.archive_bytes, volume.files))
        run_after(job, report, "volume", {"file": os.fsdecode(volume.path)})
    _record(job, report.made, monitor, for_discs=True)
    if task.images is None:
        report.to_burn += [made.path for made in report.made]
        return
    images = api.disc_build([volume.path for volume in done.volumes], task.images, monitor=monitor)
    report.made += [MadeFile("image", os.fsdecode(image.path), image.image_bytes) for image in images]
    paths = [os.fsdecode(image.path) for image in images]
    burn_images(job, paths, monitor, report, lambda error: _fail(job, report, error, wording))


def _record(job: Job, made: Sequence[MadeFile], monitor: Monitor, *, for_discs: bool = False) -> None:
    """Enter archives or volumes in the catalogue, and their ids there in the report."""
    found = record(job, [os.fsencode(each.path) for each in made], monitor, for_discs=for_discs)
    if len(found) == len(made):
        for each, identity in zip(made, found, strict=True):
            each.identity = identity
