"""pybackup structure restore."""

from __future__ import annotations

import argparse

from ..options import add_placing, add_talk, placing_of, talk_of
from ..results import conclude, json_problems
from ..streams import deliver
from ..text import count, display, json_line, json_name
from ..values import argument, path

EPILOG = """\
Directories, symbolic links, FIFOs and devices, with permissions, owners and times; no file. Of one volume of a set it
is the skeleton of the whole set: each volume holds all of it.

examples:
  pybackup structure restore docs-structure.tar --to /tmp/skeleton
  pybackup structure restore docs.xtar --to /tmp/skeleton
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("file", metavar="FILE", type=argument(path), help="what structure save wrote, or an archive")
    add_placing(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Restore the skeleton."""
    from pybackup.jobs.structure import restore_structure

    with talk_of(options, options.file) as talk:
        entries = restore_structure(options.file, options.to, placing_of(options), monitor=talk)
        problems = count(len(talk.problems), "problem")
        status = conclude(talk, f"{display(options.to)}: {count(entries, 'entry', 'entries')}, {problems}")
        if options.json:
            fields = {
                "file": json_name(options.file),
                "target": json_name(options.to),
                "entries": entries,
                "problems": json_problems(talk),
            }
            deliver([json_line(fields)])
        return status
