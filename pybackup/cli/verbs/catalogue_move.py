"""pybackup catalogue move."""

from __future__ import annotations

import argparse

from ..catalogue import add_catalogue, add_medium, json_medium, opened
from ..json_form import json_line
from ..options import add_talk, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import printable

EPILOG = """\
examples:
  pybackup catalogue move 'docs 17' 'the blue box'
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_medium(parser)
    parser.add_argument("place", metavar="PLACE", help="where it is kept from now on")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Record where a medium is kept."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.media import find_medium, move

        known = find_medium(catalogue, options.medium)
        move(catalogue, known.id, options.place)
        moved = find_medium(catalogue, known.label)
        if options.json:
            deliver([json_line(json_medium(moved))])
        elif not options.quiet:
            deliver_lines([f"{printable(moved.label)} is kept at {printable(moved.place)}"])
        return conclude(talk)
