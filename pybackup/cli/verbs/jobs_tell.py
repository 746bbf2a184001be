"""pybackup jobs tell."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..jobfiles import WHERE, add_config, job_named, loaded
from ..json_form import json_line
from ..options import add_talk
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import printable

if TYPE_CHECKING:
    from pybackup.jobfiles.tell import Trial

EPILOG = f"""\
{WHERE}Each notifier sends a trial message, whatever its events are; pings are not sent, since they would count as
runs. A message that was accepted may still not arrive, so look for it. Exit status 1: one was not accepted.

examples:
  pybackup jobs tell                      # all jobs
  pybackup jobs tell work
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("jobs", metavar="NAME", nargs="*", help="the jobs (default: all)")
    add_config(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Send trial messages."""
    from pybackup.jobfiles.tell import tell_trial

    configuration = loaded(options)
    jobs = [job_named(configuration, name) for name in options.jobs or configuration.jobs]
    found = [(job.name, tell_trial(job)) for job in jobs]
    if options.json:
        deliver(json_line({"job": name, "notifiers": trials}) for name, trials in found)
    else:
        deliver_lines(printable(f"{name}: {line}") for name, trials in found for line in _lines(trials))
    failed = any(trial.reason for _, trials in found for trial in trials)
    return Status.PROBLEMS if failed else Status.DONE


def _lines(trials: Sequence[Trial]) -> Iterator[str]:
    for trial in trials:
        if not trial.tried:
            yield f"{trial.notifier}: not tried, as a ping would count as a run"
        else:
            yield f"{trial.notifier}: " + (f"could not be told: {trial.reason}" if trial.reason else "took the message")
    if not trials:
        yield "tells nobody: it has no key notify"
