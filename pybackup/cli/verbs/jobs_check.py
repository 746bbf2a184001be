"""pybackup jobs check."""

from __future__ import annotations

import argparse

from ..jobfiles import WHERE, add_config
from ..json_form import fields_of, json_line
from ..options import add_talk
from ..statuses import Status
from ..streams import deliver, deliver_lines, say
from ..text import count, printable

EPILOG = f"""\
{WHERE}Every mistake is named, with file, line and key: unknown keys, values of the wrong type or out of range, files
that others can write. Whether sources exist is checked when a job runs.

example:
  pybackup jobs check --config new.toml
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_config(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show every mistake."""
    from pybackup.jobfiles.load import load_all

    configuration, mistakes = load_all(named=options.config)
    if options.json:
        shown = [fields_of(each, "file", "line", "table", "key", "text") for each in mistakes]
        deliver([json_line({"files": configuration.files, "jobs": list(configuration.jobs), "mistakes": shown})])
    else:
        deliver_lines(printable(str(each)) for each in mistakes)
    if not options.quiet:
        found = count(len(mistakes), "mistake")
        jobs, files = count(len(configuration.jobs), "job"), count(len(configuration.files), "file")
        say(f"pybackup: {jobs} in {files}, {found}")
    return Status.USAGE if mistakes else Status.DONE
