"""pybackup snapshot prune."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pybackup.options.snapshots import SnapshotPruneRequest

from ..json_form import json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, display

if TYPE_CHECKING:
    from pybackup.jobs.snapshot_prune import PrunedSnapshots
    from pybackup.snapshots.prune import JudgedSnapshot

EPILOG = """\
A snapshot is kept if any of the rules keeps it; each line says why. The rules count existing snapshots, not days. The
newest one is always kept, and the newest without problems; those that other programs made are never removed. A snapshot
is renamed before anything in it is removed, and files that other snapshots share remain in those.

examples:
  pybackup snapshot prune /mnt/disk/snapshots --keep last=3,daily=14,weekly=8,monthly=12 --dry-run
  pybackup snapshot prune /mnt/disk/snapshots --keep within=30d
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, SnapshotPruneRequest)
    parser.add_argument(
        "--dry-run", action="store_true", help="show which would be removed, and why the others are kept"
    )
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Remove snapshots."""
    from pybackup.jobs.snapshot_prune import plan_pruning, prune_snapshots

    with talk_of(options, options.where) as talk:
        asked = asked_of(SnapshotPruneRequest, options, talk)
        store, policy = asked.store(), asked.policy()
        done = plan_pruning(store, policy) if options.dry_run else prune_snapshots(store, policy, talk)
        if options.json:
            deliver(json_line(_json(each, done)) for each in done.judged)
        elif options.dry_run:
            deliver_lines(map(_line, done.judged))
        elif not options.quiet:
            deliver_lines(_line(each) for each in done.judged if not each.stays)
        going = sum(not each.stays for each in done.judged)
        what = f"{count(going, 'snapshot')} would go" if options.dry_run else f"{len(done.removed):,} removed"
        return conclude(talk, f"{what}, {len(done.judged) - going:,} kept")


def _line(each: JudgedSnapshot) -> str:
    name = display(each.snapshot.name)
    return f"keep    {name}  {', '.join(each.reasons)}" if each.stays else f"remove  {name}"


def _json(each: JudgedSnapshot, done: PrunedSnapshots) -> dict[str, object]:
    name = each.snapshot.name
    return {"name": name, "keep": each.stays, "reasons": each.reasons, "removed": name in done.removed}
