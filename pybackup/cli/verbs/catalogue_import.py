"""pybackup catalogue import."""

from __future__ import annotations

import argparse

from pybackup.options.values import path

from ..catalogue import add_catalogue, opened
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, display

EPILOG = """\
Adds the content of FILE to the catalogue; of two states of a medium the later one wins. Importing the same FILE again
changes nothing. FILE is one that 'catalogue export' has written, or CATALOGUE.SQLITE of a disc.

examples:
  pybackup catalogue import everything.sqlite
  pybackup catalogue import /media/me/DOCS_003/CATALOGUE.SQLITE
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("file", metavar="FILE", type=argument(path), help="an exported catalogue, or that of a disc")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Add the content of a file to the catalogue."""
    with talk_of(options, options.file) as talk, opened(options) as catalogue:
        from pybackup.jobs.catalogue_import import import_catalogue

        merged = import_catalogue(catalogue, options.file, talk)
        if options.json:
            fields = {"file": options.file, "new_volumes": merged.volumes, "new_media": merged.media}
            deliver([json_line(fields)])
        elif not options.quiet:
            new = f"{count(merged.volumes, 'new volume')}, {count(merged.media, 'new medium', 'new media')}"
            deliver_lines([f"{display(options.file)}: {new}"])
        return conclude(talk)
