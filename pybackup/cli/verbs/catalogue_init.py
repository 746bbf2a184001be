"""pybackup catalogue init."""

from __future__ import annotations

import argparse

from ..catalogue import add_catalogue, address_of
from ..json_form import json_line
from ..options import add_talk, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import printable

EPILOG = """\
Without --catalogue it is made at $PYBACKUP_CATALOGUE, or else as pybackup/catalogue.sqlite in $XDG_DATA_HOME
(~/.local/share). A database of PostgreSQL or MariaDB must exist already, and be empty; a password is better kept in
~/.pgpass or the like than in a URL.

examples:
  pybackup catalogue init
  pybackup catalogue init --catalogue /srv/backups/catalogue.sqlite
  pybackup catalogue init --catalogue postgresql://me@localhost/backups
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Make a catalogue."""
    address = address_of(options)
    from pybackup.catalogue.connect import create_catalogue

    with talk_of(options, b"") as talk:
        with create_catalogue(address) as made:
            if options.json:
                deliver([json_line({"catalogue": made.shown})])
            elif not options.quiet:
                deliver_lines([f"made {printable(made.shown)}"])
        return conclude(talk)
