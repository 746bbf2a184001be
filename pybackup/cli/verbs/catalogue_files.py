"""pybackup catalogue files."""

from __future__ import annotations

import argparse

from ..catalogue import add_catalogue, json_sighting, opened, sighting_line
from ..json_form import json_line
from ..options import add_talk, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import display

EPILOG = """\
Unprintable characters of names are shown as backslash escapes; --null and --json give the exact names.

examples:
  pybackup catalogue files 'docs 1'
  pybackup catalogue files --long
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("medium", metavar="MEDIUM", nargs="?", default="", help="label of a medium (default: all)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--long", action="store_true", help="with size, time, and the media that hold it")
    form.add_argument("--null", action="store_true", help="exact names, each ended by a NUL byte")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show what is on a medium, or on all."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.find import files_of
        from pybackup.catalogue.media import find_medium

        chosen = [find_medium(catalogue, options.medium).volume] if options.medium else None
        found = files_of(catalogue, chosen)
        if options.json:
            deliver(json_line(json_sighting(each)) for each in found)
        elif options.null:
            deliver(each.filed.path + b"\0" for each in found)
        else:
            deliver_lines(sighting_line(each) if options.long else display(each.filed.path) for each in found)
        return conclude(talk)
