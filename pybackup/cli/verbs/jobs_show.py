"""pybackup jobs show."""

from __future__ import annotations

import argparse

from ..jobfiles import WHERE, add_config, job_named, loaded
from ..json_form import json_line
from ..options import add_talk
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import printable

EPILOG = f"""\
{WHERE}Items that are added to the built-in list have a + in front. Secrets are shown as stars.

example:
  pybackup jobs show work
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("job", metavar="NAME", help="the job")
    add_config(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show every value with its origin."""
    from pybackup.jobfiles.show import shown_settings

    job = job_named(loaded(options), options.job)
    settings = list(shown_settings(job))
    if options.json:
        deliver([json_line({"job": job.name, "mode": job.mode, "settings": settings})])
        return Status.DONE
    width = max(len(f"{each.key} = {each.value}") for each in settings)
    width = min(width, 60)
    deliver_lines(printable(f"{f'{each.key} = {each.value}':{width}}  # {each.origin}") for each in settings)
    return Status.DONE
