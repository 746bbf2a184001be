"""pybackup catalogue found."""

from __future__ import annotations

import argparse

from pybackup.errors import UsageError

from ..catalogue import add_catalogue, add_medium, json_medium, opened
from ..json_form import json_line
from ..options import add_talk, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import printable

EPILOG = """\
If its last check was bad, it becomes suspect, not ok; 'pybackup disc check' shows how it is now.

examples:
  pybackup catalogue found 'docs 17'
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_medium(parser)
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Mark a lost or retired medium as found."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.health import found_again
        from pybackup.catalogue.media import find_medium, is_gone

        known = find_medium(catalogue, options.medium)
        if not is_gone(known):
            raise UsageError(f"{known.label}: is not marked as lost or retired")
        state = found_again(catalogue, known.id)
        if options.json:
            deliver([json_line(json_medium(find_medium(catalogue, known.label)))])
        elif not options.quiet:
            deliver_lines([f"{printable(known.label)} is {state.value}"])
        return conclude(talk)
