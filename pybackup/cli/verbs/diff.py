"""pybackup diff."""

from __future__ import annotations

import argparse

from pybackup.options.checking import DiffRequest

from ..changes import deliver_changes
from ..options import add_options, add_talk, talk_of

EPILOG = """\
Shows a line for each path that differs: + added, - removed, ~ changed and in what, > renamed or moved, by content.
An archive that was made since earlier ones stands for the whole tree of its day, though these are not at hand.
NEW may be the directory that was archived, as it is now. The status is 0 whether anything differs or not.

JSON, one object per line: what, path, respects, size_before, size, former (the name before).

examples:
  pybackup diff monday.xtar tuesday.xtar
  pybackup diff docs.xtar ~/docs
  pybackup diff --json volumes/ ~/photos
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, DiffRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show what differs."""
    from pybackup.check.diff import diff

    with talk_of(options, options.old) as talk:
        changes = diff(options.old, options.new, checksum=options.checksum, monitor=talk)
        return deliver_changes(changes, options, talk)
