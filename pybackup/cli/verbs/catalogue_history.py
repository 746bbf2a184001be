"""pybackup catalogue history."""

from __future__ import annotations

import argparse

from pybackup.options.values import path

from ..catalogue import add_catalogue, grouped, json_sighting, opened, sighting_line
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import display

EPILOG = """\
Every version of what is called so, by its modification time, the oldest first. Status 1: nothing is known of it.

examples:
  pybackup catalogue history docs/letters/1.txt
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("path", metavar="PATH", type=argument(path), help="a path, or the end of one")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show the versions of a file that the media hold."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.find import find_path

        found = sorted(grouped(find_path(catalogue, options.path)), key=lambda each: each[0].filed.mtime_ns)
        if options.json:
            deliver(json_line(json_sighting(each, media)) for each, media in found)
        else:
            deliver_lines(sighting_line(each, media) for each, media in found)
        if not found:
            talk.note(f"nothing is known of {display(options.path)}")
        return conclude(talk) if found else Status.PROBLEMS
