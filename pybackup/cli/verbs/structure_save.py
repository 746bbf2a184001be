"""pybackup structure save."""

from __future__ import annotations

import argparse

from pybackup.options.making import StructureSaveRequest

from ..json_form import json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..streams import deliver
from ..text import count, display, humane_bytes

EPILOG = """\
Writes a plain tar of directories (empty ones too), symbolic links, FIFOs and devices, but no files. Any tar can extract
it too.

example:
  pybackup structure save ~/docs -o docs-structure.tar
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, StructureSaveRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Write the tar of entries without content; return the exit status."""
    from pybackup.jobs.structure import save_structure

    with talk_of(options, options.output) as talk:
        asked = asked_of(StructureSaveRequest, options, talk)
        sources, rules = asked.gather(asked.sources, talk), asked.rules()
        saved = save_structure(sources, options.output, judge=rules.judge, overwrite=options.overwrite, monitor=talk)
        rules.tell_idle(talk)
        entries = count(saved.entries, "entry", "entries")
        problems = count(len(talk.problems), "problem")
        status = conclude(talk, f"{display(options.output)}: {entries}, {humane_bytes(saved.n_bytes)}, {problems}")
        if options.json:
            fields = {
                "file": options.output,
                "entries": saved.entries,
                "bytes": saved.n_bytes,
                "problems": talk.problems,
            }
            deliver([json_line(fields)])
        return status
