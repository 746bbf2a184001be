"""What a run of a job would make, and which earlier archives it would delete."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pybackup import api
from pybackup.monitor import Monitor
from pybackup.options.making import CreateRequest, CreateSetRequest

from . import snapshots, stages
from .job import Job
from .keep import MadeTogether, would_delete
from .run_options import options_of_run
from .tasks import Given, archive_tasks, set_task

_OF_BOTH = frozenset(CreateRequest.__dataclass_fields__) & frozenset(CreateSetRequest.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class WouldMake:
    """A file, or a directory of volumes, that a run would make."""

    path: str
    exported: str | None
    files: int
    content_bytes: int


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """What a run would make, and the paths of earlier archives that it would delete."""

    would_make: Sequence[WouldMake]
    would_delete: Sequence[str] = ()


def dry_run(job: Job, given: Given, monitor: Monitor) -> PlannedRun:
    """Return what a run would do. No hooks are run, nothing is locked or made, and nobody is told."""
    given = replace(given, now=given.now or time.time())
    if job.mode == snapshots.MODE:
        path, files, n_bytes = snapshots.plan_snapshot(job, monitor)
        return PlannedRun([WouldMake(path, None, files, n_bytes)])
    if job.mode == stages.MODE:
        path, files, n_bytes = stages.plan_scan(job)
        return PlannedRun([WouldMake(path, None, files, n_bytes)])
    if job.mode == "discs":
        task = set_task(job, given)
        options = {name: value for name, value in task.options.items() if name in _OF_BOTH}
        options = options_of_run(job, options, given.now, monitor)
        plan = api.plan_create(**options, output=os.path.join(task.volumes, "dry-run.xtar"), monitor=monitor)
        return PlannedRun([WouldMake(task.volumes, None, plan.files, plan.n_bytes)])
    found, coming = [], []
    for each in archive_tasks(job, given):
        options = options_of_run(job, each.options, given.now, monitor)
        plan = api.plan_create(**options, output=each.output, monitor=monitor)
        found.append(WouldMake(each.output, each.exported if each.export else None, plan.files, plan.n_bytes))
        coming.append(MadeTogether(int(given.now * 10**9), each.series, ()))
    return PlannedRun(found, would_delete(job, coming))
