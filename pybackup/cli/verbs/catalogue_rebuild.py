"""pybackup catalogue rebuild."""

from __future__ import annotations

import argparse

from pybackup.options.values import path

from ..catalogue import add_catalogue, address_of, deliver_added
from ..options import add_talk, argument, talk_of
from ..results import conclude

EPILOG = """\
Replaces a lost catalogue: makes one if there is none, and enters what each DISC records of itself, of the other
volumes of its set, and of earlier archives that it builds on. The newest disc knows all files of its set; other
discs add what only they know. Discs may come in any order, together, one by one, or again. Places, states and checks
are on discs that were built with --carry-catalogue, or else in files of 'catalogue export', for 'catalogue import'.
Directories without archives are entered by 'catalogue add'.

examples:
  pybackup catalogue rebuild /dev/sr0
  pybackup catalogue rebuild images/*.iso
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument(
        "discs",
        metavar="DISC",
        nargs="+",
        type=argument(path),
        help="a drive, an image, an archive, or a directory of these",
    )
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Make the catalogue anew."""
    address = address_of(options)
    from pybackup.catalogue.connect import open_or_create
    from pybackup.host.memory import give_back_at_once
    from pybackup.jobs.catalogue_rebuild import rebuild_catalogue

    give_back_at_once()
    with talk_of(options, options.discs[0]) as talk, open_or_create(address) as catalogue:
        deliver_added(rebuild_catalogue(catalogue, options.discs, talk), options, talk)
        return conclude(talk)
