"""What the verbs for jobs share: which job files are read, and finding a job by name."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from pybackup.errors import UsageError

from .text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pybackup.jobfiles.job import Configuration, Job

WHERE = """\
Jobs are read from /etc/pybackup/config.toml, then from ~/.config/pybackup/config.toml ($XDG_CONFIG_HOME), each with the
files in jobs.d beside it. Later values replace earlier ones, tables are merged, and ["+x"] adds to a list.
"""


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the option for further job files."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        action="append",
        default=[],
        help="a further job file, whose values replace those of all others",
    )


def loaded(options: argparse.Namespace, more: Sequence[str] = ()) -> Configuration:
    """Return all jobs, or raise `WrongJobFiles` with every mistake in the files."""
    from pybackup.jobfiles.load import load

    return load(named=[*options.config, *more])


def job_named(configuration: Configuration, name: str) -> Job:
    """Return the job with a name.

    Raises
    ------
    UsageError
        No job has the name.
    """
    from pybackup.jobfiles.mistakes import no_such

    if name in configuration.jobs:
        return configuration.jobs[name]
    there = ", ".join(configuration.jobs) or "none in any file"
    raise UsageError(f"{printable(name)}: {no_such('job', name, configuration.jobs)}; there is {there}")


def this_program() -> list[str]:
    """Return the command that runs this program from any directory, as a list of arguments."""
    import shutil
    import sys

    found = shutil.which("pybackup")
    here = os.path.join(os.path.dirname(sys.executable), "pybackup")
    return [found] if found else [here] if os.path.exists(here) else [sys.executable, "-m", "pybackup"]
