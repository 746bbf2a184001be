"""pybackup jobs status."""

from __future__ import annotations

import argparse
import time

from pybackup.options import values

from ..jobfiles import WHERE, add_config, job_named, loaded
from ..json_form import json_line
from ..options import add_talk, argument
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import printable

EPILOG = f"""\
{WHERE}The exit status is 1 if a job has stored nothing for longer than --max-age, or if its last run failed or had
problems. With --format nagios it is 0, 1 or 2, as Nagios expects.

examples:
  pybackup jobs status --max-age 2d
  pybackup jobs status --format prometheus > /var/lib/node_exporter/pybackup.prom
"""
_SECOND = 10**9


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("jobs", metavar="NAME", nargs="*", help="the jobs (default: all)")
    parser.add_argument(
        "--max-age",
        metavar="AGE",
        type=argument(values.age),
        default=2 * 86_400 * _SECOND,
        help="how old the last archive may be: 36w, 2d (default: 2d)",
    )
    parser.add_argument(
        "--format",
        choices=("text", "prometheus", "nagios"),
        default="text",
        help="the form of the output (default: text)",
    )
    add_config(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show the state of each job."""
    from pybackup.jobfiles.monitoring import health_of, nagios, prometheus, words

    configuration, now = loaded(options), time.time()
    names = [job_named(configuration, name).name for name in options.jobs] or list(configuration.jobs)
    found = health_of(names, options.max_age / _SECOND, now)
    if options.format == "nagios":
        line, status = nagios(found, now)
        deliver_lines([printable(line)])
        return status
    if options.json:
        deliver(
            json_line(
                {
                    "job": each.job,
                    "is_well": each.is_well,
                    "is_late": each.is_late,
                    "succeeded": each.succeeded,
                    "last": each.last,
                }
            )
            for each in found
        )
    else:
        deliver_lines(
            prometheus(found) if options.format == "prometheus" else (printable(words(each, now)) for each in found)
        )
    return Status.DONE if all(each.is_well for each in found) else Status.PROBLEMS
