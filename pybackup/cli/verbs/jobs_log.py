"""pybackup jobs log."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from ..catalogue import opened
from ..options import add_talk
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, duration, humane_bytes, local_time, printable

EPILOG = """\
Each run has a line in ~/.local/state/pybackup/runs.jsonl ($XDG_STATE_HOME); --json prints these lines. If a job has a
catalogue, its runs are entered there too, with those of other machines: --catalogue shows them.

examples:
  pybackup jobs log work
  pybackup jobs log --catalogue postgresql://backup@server/catalogue
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("job", metavar="NAME", nargs="?", help="the job (default: all)")
    parser.add_argument("--catalogue", metavar="URL", help="show the runs of all machines in this catalogue")
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show the runs, the oldest first."""
    if options.catalogue is None:
        from pybackup.jobfiles.history import runs

        return _show(runs(options.job), options)
    with opened(options) as catalogue:
        from pybackup.catalogue.job_runs import job_runs

        return _show(job_runs(catalogue, options.job), options)


def _show(found: Iterator[dict[str, Any]], options: argparse.Namespace) -> int:
    if options.json:
        deliver(json.dumps(run).encode() + b"\n" for run in found)
    else:
        deliver_lines(map(_line, found))
    return Status.DONE


def _line(run: dict[str, Any]) -> str:
    host = f"{run['host']}  " if "host" in run else ""
    parts = [
        f"{local_time(run['started'])}  {host}{run['job']:12}  {run['state']:8}  {count(run['files'], 'file')}",
        humane_bytes(run["content_bytes"]),
        duration(max(0.0, run["finished"] - run["started"])),
        count(run["problem_count"], "problem"),
        *run["failures"],
    ]
    return printable(", ".join(parts))
