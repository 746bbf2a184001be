"""pybackup catalogue history."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pybackup.options.values import path

from ..catalogue import add_catalogue, grouped, json_sighting, opened, sighting_line
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import display

if TYPE_CHECKING:
    from pybackup.model.catalogued import Medium, Sighting

EPILOG = """\
Shows every version of a file, by modification time, the oldest first. Versions under other names are shown too, if a
file with the same content shows that it was renamed. Exit status 1: no such file is known.

examples:
  pybackup catalogue history docs/letters/1.txt
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("path", metavar="PATH", type=argument(path), help="a path, or the end of one")
    add_catalogue(parser)
    add_talk(parser)


def _in_time(found: tuple[Sighting, list[Medium]]) -> tuple[int, int]:
    """Return a sort key: the time of modification, then the time of entering."""
    return found[0].filed.mtime_ns, found[0].volume.id


def perform(options: argparse.Namespace) -> int:
    """Show the versions of a file that the media hold."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.find import find_history

        found = sorted(grouped(find_history(catalogue, options.path)), key=_in_time)
        if options.json:
            deliver(json_line(json_sighting(each, media)) for each, media in found)
        else:
            deliver_lines(sighting_line(each, media) for each, media in found)
        if not found:
            talk.note(f"nothing is known of {display(options.path)}")
        return conclude(talk) if found else Status.PROBLEMS
