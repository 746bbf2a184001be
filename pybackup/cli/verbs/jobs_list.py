"""pybackup jobs list."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..jobfiles import WHERE, add_config, loaded
from ..json_form import json_line
from ..options import add_talk
from ..statuses import Status
from ..streams import deliver, deliver_lines

if TYPE_CHECKING:
    from pybackup.jobfiles.job import Job

EPILOG = f"""\
{WHERE}
example:
  pybackup jobs list --json
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_config(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show a line for each job."""
    from pybackup.jobfiles.show import toml

    jobs = loaded(options).jobs
    if options.json:
        deliver(
            json_line({"job": job.name, "mode": job.mode, "schedule": job.get("schedule")}) for job in jobs.values()
        )
        return Status.DONE
    width = max(map(len, jobs), default=0)
    deliver_lines(
        f"{job.name:{width}}  {job.mode:7}  {job.get('schedule', '-'):9}  {toml(_sources(job))}"
        for job in jobs.values()
    )
    return Status.DONE


def _sources(job: Job) -> list[Any]:
    return [job.get("source")] if job.mode == "snapshot" else job.get("sources", [])
