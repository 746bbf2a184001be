"""pybackup catalogue remove."""

from __future__ import annotations

import argparse

from ..catalogue import add_catalogue, add_medium, json_medium, opened
from ..json_form import json_line
from ..options import add_talk, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import printable

EPILOG = """\
For a medium that was entered by mistake. A lost one should be marked as lost instead, so that its files stay known.
With --retired the medium stays known too, but does not count as a copy any more.

examples:
  pybackup catalogue remove 'docs 17 (2)'
  pybackup catalogue remove --retired 'docs 17'
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_medium(parser)
    parser.add_argument("--retired", action="store_true", help="keep it, but do not count it as a copy any more")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Remove a medium from the catalogue, or stop counting it as a copy."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.media import find_medium, remove, set_state
        from pybackup.model.catalogued import MediumState

        known = find_medium(catalogue, options.medium)
        if options.retired:
            set_state(catalogue, known.id, MediumState.RETIRED)
        else:
            remove(catalogue, known)
        if options.json:
            deliver([json_line({"removed": not options.retired, **json_medium(known)})])
        elif not options.quiet:
            deliver_lines([f"{printable(known.label)} is {'retired' if options.retired else 'forgotten'}"])
        return conclude(talk)
