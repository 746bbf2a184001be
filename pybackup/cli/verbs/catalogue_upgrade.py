"""pybackup catalogue upgrade."""

from __future__ import annotations

import argparse
import os

from ..catalogue import add_catalogue, address_of
from ..json_form import fields_of, json_line
from ..options import add_talk, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import display

EPILOG = """\
A SQLite file is copied first, to NAME.schema-REVISION; back up any other database yourself.

examples:
  pybackup catalogue upgrade
  pybackup catalogue upgrade --catalogue postgresql://me@localhost/backups
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Bring the catalogue up to this version."""
    address = address_of(options)
    from pybackup.catalogue.upgrade import upgrade

    with talk_of(options, os.fsencode("")) as talk:
        done = upgrade(address)
        if options.json:
            deliver([json_line({**fields_of(done, "before", "after"), "copy": done.copy or None})])
        elif not options.quiet:
            kept = f"; as it was: {display(done.copy)}" if done.copy else ""
            same = done.before == done.after
            deliver_lines(["nothing to do" if same else f"schema {done.before} is now {done.after}{kept}"])
        return conclude(talk)
