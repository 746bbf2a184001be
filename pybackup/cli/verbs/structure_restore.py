"""pybackup structure restore."""

from __future__ import annotations

import argparse

from pybackup.options.restoring import StructureRestoreRequest

from ..json_form import json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..streams import deliver
from ..text import count, display

EPILOG = """\
Restores directories, symbolic links, FIFOs and devices with their permissions, owners and times, but no files. From any
one volume of a set it restores these for the whole set, as each volume holds them all.

examples:
  pybackup structure restore docs-structure.tar --to /tmp/skeleton
  pybackup structure restore docs.xtar --to /tmp/skeleton
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, StructureRestoreRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Restore the entries without content; return the exit status."""
    from pybackup.jobs.structure import restore_structure

    with talk_of(options, options.file) as talk:
        placing = asked_of(StructureRestoreRequest, options, talk).placing()
        entries = restore_structure(options.file, options.to, placing, monitor=talk)
        problems = count(len(talk.problems), "problem")
        status = conclude(talk, f"{display(options.to)}: {count(entries, 'entry', 'entries')}, {problems}")
        if options.json:
            fields = {
                "file": options.file,
                "target": options.to,
                "entries": entries,
                "problems": talk.problems,
            }
            deliver([json_line(fields)])
        return status
