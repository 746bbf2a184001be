"""pybackup diff."""

from __future__ import annotations

import argparse

from pybackup.options.checking import DiffRequest

from ..changes import deliver_changes
from ..options import add_options, add_talk, talk_of

EPILOG = """\
Prints a line for each path that differs: + added, - removed, ~ changed and how, > renamed or moved (same content).
An archive of a chain stands for the whole tree of its day; the earlier archives need not be at hand.
NEW may be the live directory that was archived. The exit status is 0 whether anything differs or not.

JSON, one object per line: what, path, respects, size_before, size, former (the name before).

examples:
  pybackup diff monday.xtar tuesday.xtar
  pybackup diff docs.xtar ~/docs
  pybackup diff --json volumes/ ~/photos
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, DiffRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Print what differs; return the exit status."""
    from pybackup.check.diff import diff

    with talk_of(options, options.old) as talk:
        changes = diff(options.old, options.new, checksum=options.checksum, monitor=talk)
        return deliver_changes(changes, options, talk)
