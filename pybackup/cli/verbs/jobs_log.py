"""pybackup jobs log."""

from __future__ import annotations

import argparse
import json
from typing import Any

from ..options import add_talk
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, duration, humane_bytes, local_time, printable

EPILOG = """\
Each run has a line in ~/.local/state/pybackup/runs.jsonl ($XDG_STATE_HOME), whose form --json has.

example:
  pybackup jobs log work
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("job", metavar="NAME", nargs="?", help="the job (default: all)")
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show the runs, the oldest first."""
    from pybackup.jobfiles.history import runs

    found = runs(options.job)
    if options.json:
        deliver(json.dumps(run).encode() + b"\n" for run in found)
    else:
        deliver_lines(map(_line, found))
    return Status.DONE


def _line(run: dict[str, Any]) -> str:
    parts = [
        f"{local_time(run['started'])}  {run['job']:12}  {run['state']:8}  {count(run['files'], 'file')}",
        humane_bytes(run["content_bytes"]),
        duration(max(0.0, run["finished"] - run["started"])),
        count(run["problem_count"], "problem"),
        *run["failures"],
    ]
    return printable(", ".join(parts))
