"""pybackup catalogue export."""

from __future__ import annotations

import argparse

from pybackup.options.values import path

from ..catalogue import add_catalogue, opened
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import display, humane_bytes

EPILOG = """\
FILE is a SQLite file with everything: volumes, media, places, states, checks, runs and entries. The program sqlite3 can
read it, and 'catalogue import' takes it into a catalogue on any database. The same catalogue gives the same bytes.

examples:
  pybackup catalogue export everything.sqlite
  pybackup catalogue export everything.sqlite --catalogue postgresql://me@localhost/backups
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("file", metavar="FILE", type=argument(path), help="where to write it")
    parser.add_argument("--overwrite", action="store_true", help="replace FILE")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Write the catalogue into a file."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.jobs.catalogue_export import export_catalogue

        size = export_catalogue(catalogue, options.file, overwrite=options.overwrite)
        if options.json:
            deliver([json_line({"file": options.file, "bytes": size})])
        elif not options.quiet:
            deliver_lines([f"{display(options.file)}: {humane_bytes(size)}"])
        return conclude(talk)
