"""pybackup snapshot diff."""

from __future__ import annotations

import argparse

from pybackup.options.snapshots import SnapshotDiffRequest

from ..changes import deliver_changes
from ..options import add_options, add_talk, talk_of

EPILOG = """\
Shows a line for each path that differs, as 'pybackup diff' does: + added, - removed, ~ changed and in what, > renamed
or moved, which is found by content. Files that both snapshots share are not read. The exit status is 0 in any case.

The form of --json is that of 'pybackup diff'.

examples:
  pybackup snapshot diff /mnt/disk/snapshots/2026-11-28T023000 /mnt/disk/snapshots/latest/
  pybackup snapshot diff /mnt/disk/snapshots/latest ~/docs
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, SnapshotDiffRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show what differs."""
    from pybackup.check.diff import diff_trees

    with talk_of(options, options.old) as talk:
        changes = diff_trees(options.old, options.new, checksum=options.checksum, monitor=talk)
        return deliver_changes(changes, options, talk)
