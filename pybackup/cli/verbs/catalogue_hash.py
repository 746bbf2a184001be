"""pybackup catalogue hash."""

from __future__ import annotations

import argparse
import os

from pybackup.errors import UsageError
from pybackup.options.values import path

from ..catalogue import add_catalogue, add_medium, opened
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, humane_bytes

EPILOG = """\
For a medium that was entered with --no-hash, or whose hashing was interrupted: it goes on where it stopped.

examples:
  pybackup catalogue hash 'photo drive'
  pybackup catalogue hash 'photo drive' --at /mnt/photos
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_medium(parser)
    parser.add_argument(
        "--at",
        metavar="DIR",
        type=argument(path),
        help="where it is, mounted or a drive (default: where it was found)",
    )
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Hash the files of a medium that have no hash yet."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.media import find_medium
        from pybackup.jobs.catalogue_hash import Hashed, hash_contents
        from pybackup.jobs.catalogue_hash_inside import hash_inside

        known = find_medium(catalogue, options.medium)
        where = options.at or known.location
        if not where:
            raise UsageError(f"{known.label}: its location is not known; give its directory")
        if not os.path.exists(where):
            raise UsageError(f"{os.fsdecode(where)}: no such file or directory")
        done = hash_contents(catalogue, known, where, talk) if os.path.isdir(where) else Hashed()
        inside = hash_inside(catalogue, known, where, talk)
        done = Hashed(done.files + inside.files, done.n_bytes + inside.n_bytes)
        if options.json:
            deliver([json_line({"files": done.files, "bytes": done.n_bytes, "problems": talk.problems})])
        elif not options.quiet:
            deliver_lines([f"hashed {count(done.files, 'file')}, {humane_bytes(done.n_bytes)}"])
        return conclude(talk)
