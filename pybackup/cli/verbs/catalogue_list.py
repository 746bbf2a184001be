"""pybackup catalogue list."""

from __future__ import annotations

import argparse

from ..catalogue import add_catalogue, json_medium, media_lines, opened
from ..options import add_talk, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import json_line

EPILOG = """\
Label, what it is, how many files and bytes are on it, how full, how it is, when it was last checked, where it lies.

examples:
  pybackup catalogue list
  pybackup catalogue list --json
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--place", metavar="TEXT", help="only what lies there")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show the media."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.media import media

        found = [known for known in media(catalogue) if options.place in (None, known.place)]
        if options.json:
            deliver(json_line(json_medium(known)) for known in found)
        else:
            deliver_lines(media_lines(found))
        return conclude(talk)
