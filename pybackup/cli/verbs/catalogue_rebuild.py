"""pybackup catalogue rebuild."""

from __future__ import annotations

import argparse

from pybackup.options.values import path

from ..catalogue import add_catalogue, address_of, deliver_added
from ..options import add_talk, argument, talk_of
from ..results import conclude

EPILOG = """\
For a catalogue that is lost: it is made if there is none, and filled with what each DISC tells of itself and of the
other volumes of its set, and of earlier archives that it builds on. The newest disc is enough for all files of its set;
others add what only they know. Discs may come in any order, all at once or one after another, and again. Places, states
and checks are on a disc that was built with --carry-catalogue; else 'catalogue import' takes them from what 'catalogue
export' wrote. A directory without archives is entered by
'catalogue add'.

examples:
  pybackup catalogue rebuild /dev/sr0
  pybackup catalogue rebuild images/*.iso
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
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
