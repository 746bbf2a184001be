"""Jobs of mode ``snapshot``: checks of their keys, and running one."""

from __future__ import annotations

import os
from typing import Any

from pybackup import api
from pybackup.errors import UsageError
from pybackup.monitor import Monitor
from pybackup.options.snapshots import SnapshotRunRequest, ssh_command
from pybackup.snapshots.location import parse_location

from .job import Job
from .moments import is_to_prune, run_after
from .report import MadeFile, Report
from .tasks import options_of_mode

MODE = "snapshot"


def check_location(value: Any) -> None:
    """Raise ValueError for what is no location of rsync: a directory here or on another machine."""
    if not isinstance(value, str):
        raise ValueError("a text is wanted: a directory, HOST:PATH or rsync://HOST/MODULE/PATH")
    try:
        parse_location(os.fsencode(value))
    except UsageError as error:
        raise ValueError(str(error)) from None


def check_ssh(value: Any) -> None:
    """Raise ValueError for what is neither a command line nor a list of a program and its arguments."""
    if not isinstance(value, str) and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        raise ValueError('a text or a list of texts is wanted, such as ["ssh", "-i", "/root/key"]')
    try:
        ssh_command(value)
    except UsageError as error:
        raise ValueError(str(error)) from None


def placed_location(value: str, base: str) -> str:
    """Return a location, made absolute if it is on this machine: ``~`` is home, else it is relative to ``base``."""
    if not parse_location(os.fsencode(value)).is_local:
        return value
    return os.path.join(base, os.path.expanduser(value))


def make_snapshot(job: Job, monitor: Monitor, report: Report) -> None:
    """Run the job."""
    from pybackup.jobs.snapshot_run import make_snapshot

    request = SnapshotRunRequest(**_asked(job), monitor=monitor)
    made = make_snapshot(request, monitor, may_remove=lambda: is_to_prune(job, report))
    report.content_bytes += made.record.content_bytes
    report.made.append(MadeFile(MODE, os.fsdecode(made.path), made.record.copied_bytes, made.record.files))
    store = os.path.dirname(made.path)
    report.deleted += [os.fsdecode(os.path.join(store, name)) for name in made.removed]
    if report.deleted:
        run_after(job, report, "prune")


def plan_snapshot(job: Job, monitor: Monitor) -> tuple[str, int, int]:
    """Return the path of the snapshot that a run would make, how many files it would have, and their bytes."""
    plan = api.plan_snapshot_run(**_asked(job), monitor=monitor)
    return os.fsdecode(plan.path), plan.record.files, plan.record.content_bytes


def _asked(job: Job) -> dict[str, Any]:
    """Return the options of the job for `snapshot_run`."""
    own = {name: job.get(name) for name in ("ssh", "keep") if job.get(name) is not None}
    require = job.get("require", {})
    if "mountpoint" in require:
        own["require_mounted"] = require["mountpoint"]
    if "min_files" in require:
        own["require_files"] = require["min_files"]
    return {**options_of_mode(job.settings, MODE), "source": job.get("source"), "to": job.get("to"), **own}
