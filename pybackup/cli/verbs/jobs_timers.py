"""pybackup jobs timers."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..jobfiles import WHERE, add_config, job_named, loaded, this_program
from ..json_form import json_line
from ..options import add_talk
from ..statuses import Status
from ..streams import deliver, deliver_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pybackup.jobfiles.job import Job

EPILOG = f"""\
{WHERE}Nothing is installed, only printed. Each job runs as its key schedule says, or daily without one. systemd makes
up for missed runs, cron does not.

examples:
  pybackup jobs timers                    # units, each below its name
  pybackup jobs timers work --cron >> my-crontab && crontab my-crontab
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("jobs", metavar="NAME", nargs="*", help="the jobs (default: all)")
    parser.add_argument("--cron", action="store_true", help="print lines for a crontab instead of units of systemd")
    add_config(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Print timers."""
    from pybackup.jobfiles.timers import cron_lines, systemd_units

    configuration = loaded(options)
    jobs = [job_named(configuration, name) for name in options.jobs or configuration.jobs]
    program = [*this_program(), "run", "--quiet"]
    for path in options.config:
        program += ["--config", os.path.abspath(path)]
    if options.json:
        deliver(
            json_line({"job": job.name, "cron": line, "units": dict(systemd_units(job, program))})
            for job, line in zip(jobs, cron_lines(jobs, program), strict=True)
        )
    else:
        deliver_lines(cron_lines(jobs, program) if options.cron else _unit_lines(jobs, program))
    return Status.DONE


def _unit_lines(jobs: Sequence[Job], program: Sequence[str]) -> Iterator[str]:
    from pybackup.jobfiles.timers import systemd_units

    for job in jobs:
        for name, text in systemd_units(job, program):
            yield f"# ~/.config/systemd/user/{name}"
            yield text
