"""pybackup structure save."""

from __future__ import annotations

import argparse

from ..options import add_overwrite, add_sources, add_talk, rules_of, sources_of, talk_of
from ..results import conclude, json_problems
from ..streams import deliver
from ..text import count, display, humane_bytes, json_line, json_name
from ..values import argument, path

EPILOG = """\
The file is a plain tar of directories (empty ones too), symbolic links, FIFOs and devices, without any file, which
stock tar recreates the skeleton from as well.

example:
  pybackup structure save ~/docs -o docs-structure.tar
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_sources(parser)
    parser.add_argument("-o", "--output", metavar="FILE", required=True, type=argument(path), help="the file to write")
    add_overwrite(parser, "a structure")
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Save the skeleton."""
    from pybackup.jobs.structure import save_structure

    with talk_of(options, options.output) as talk:
        sources = sources_of(options, talk)
        rules = rules_of(options)
        saved = save_structure(sources, options.output, judge=rules.judge, overwrite=options.overwrite, monitor=talk)
        rules.tell_idle(talk)
        entries = count(saved.entries, "entry", "entries")
        problems = count(len(talk.problems), "problem")
        status = conclude(talk, f"{display(options.output)}: {entries}, {humane_bytes(saved.n_bytes)}, {problems}")
        if options.json:
            fields = {
                "file": json_name(options.output),
                "entries": saved.entries,
                "bytes": saved.n_bytes,
                "problems": json_problems(talk),
            }
            deliver([json_line(fields)])
        return status
