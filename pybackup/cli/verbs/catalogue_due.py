"""pybackup catalogue due."""

from __future__ import annotations

import argparse

from pybackup.options.values import age

from ..catalogue import add_catalogue, checked, json_medium, opened, since
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import printable

EPILOG = """\
Shows media that have not been read as a whole for that long, that are suspect, or that get worse from check to check,
each with the reason and its place. 'pybackup disc check --catalogue' enters its results. Exit status 1: a check is due.

examples:
  pybackup catalogue due
  pybackup catalogue due --age 2y
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument(
        "--age", metavar="AGE", type=argument(age), default=age("1y"), help="how old a check may be (default: 1y)"
    )
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show the media that should be checked."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.health import due

        found = due(catalogue, since(options.age) or 0)
        if options.json:
            deliver(json_line({**json_medium(known), "reason": reason}) for known, reason in found)
        else:
            deliver_lines(
                f"{printable(known.label)}: {reason or checked(known)}; {printable(known.place) or 'place not known'}"
                for known, reason in found
            )
        status = conclude(talk)
        return status or (Status.PROBLEMS if found else Status.DONE)
