"""Jobs of mode ``stage``: their keys, and running one, which scans."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pybackup.jobs.stage_init import make_or_change
from pybackup.jobs.stage_scan import scan_all
from pybackup.jobs.stage_settings import settings_of, staging_of
from pybackup.monitor import Monitor
from pybackup.options.stages import StageInitRequest, StageScanRequest, rules_of
from pybackup.stage.look import look
from pybackup.stage.state import STATE
from pybackup.stage.state_file import open_state
from pybackup.stage.watched import changed_since

from .job import Job
from .report import MadeFile, Report
from .tasks import options_of_mode

MODE = "stage"


def scan_stage(job: Job, monitor: Monitor, report: Report) -> Sequence[bytes]:
    """Run the job; its first run makes the stage. Returns the images of discs that were closed."""
    asked = _asked(job)
    make_or_change(asked, monitor)
    done = scan_all(StageScanRequest(asked.staging), monitor)
    report.staged_files += done.counts.staged
    report.content_bytes += done.counts.staged_bytes
    for closed in done.closed:
        image = os.fsdecode(closed.image)
        report.made.append(MadeFile("disc", image, closed.image_bytes, closed.files))
        if not closed.burnt:
            report.to_burn.append(image)
    return [closed.image for closed in done.closed]


def plan_scan(job: Job) -> tuple[str, int, int]:
    """Return the staging directory, how many files are new or changed, and their bytes."""
    asked = _asked(job)
    settings, staging = settings_of(asked), staging_of(asked)
    rules = rules_of(settings.exclude)
    if os.path.lexists(os.path.join(staging, STATE)):
        with open_state(staging) as state:
            return os.fsdecode(staging), *changed_since(state, rules.judge)
    found = [size for _, seen in look(settings.watched, rules.judge, lambda path, error: None) for _, size, *_ in seen]
    return os.fsdecode(staging), len(found), sum(found)


def _asked(job: Job) -> StageInitRequest:
    """Return the options of the job for a stage."""
    return StageInitRequest(job.get("watch"), **{"name": job.name, **options_of_mode(job.settings, MODE)})
