"""pybackup snapshot run."""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING

from pybackup.options.snapshots import SnapshotRunRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..streams import deliver
from ..text import count, display, duration, humane_bytes

if TYPE_CHECKING:
    from pybackup.snapshots.run import SnapshotMade

EPILOG = """\
Makes a directory in TO, named by date and time, that holds all of SOURCE as it is now. Files that are unchanged since
one of the 20 newest snapshots there are hard links to those, and take no room; the others are copied by rsync. The
directory is called NAME.incomplete until everything is in it and on the disk; then it gets its name, and 'latest' leads
to it. After an interrupted run, the next one links to what was copied.

SOURCE is a directory, whose content is copied, or one on another machine: HOST:PATH by ssh, or rsync://HOST/MODULE/PATH
of a daemon. TO may be HOST:PATH if SOURCE is here. A file that cannot be read is a problem, one that vanishes is noted,
and the others are copied. No snapshot is made if the source has no files, or if it can be read only in part and has
less than half of what it had.

examples:
  pybackup snapshot run ~ /mnt/disk/snapshots --exclude .cache/
  pybackup snapshot run root@univac:/ /mnt/disk/univac --exclude '/proc/*' --require-mounted /mnt/disk
  pybackup snapshot run ~/docs /mnt/disk/docs --checksum-every 30d --keep last=3,daily=14,weekly=8,monthly=12
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, SnapshotRunRequest)
    parser.add_argument("--dry-run", action="store_true", help="show what would be copied, and copy nothing")
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Make a snapshot."""
    from pybackup.jobs.snapshot_run import make_snapshot, try_snapshot

    with talk_of(options, options.source) as talk:
        start = time.monotonic()
        asked = asked_of(SnapshotRunRequest, options, talk)
        made = try_snapshot(asked, talk) if options.dry_run else make_snapshot(asked, talk)
        status = conclude(talk, _summary(made, time.monotonic() - start))
        if options.json:
            deliver([json_line({**_json(made), "problems": talk.problems})])
        return status


def _summary(made: SnapshotMade, seconds: float) -> str:
    record, shared = made.record, made.shared
    parts = [
        count(record.files, "file"),
        f"{humane_bytes(record.content_bytes)}",
        f"{record.copied_files:,} copied ({humane_bytes(record.copied_bytes)})",
    ]
    if shared is not None:
        parts += [
            f"{shared.linked:,} linked",
            f"{shared.new:,} new",
            f"{shared.changed:,} changed",
            f"{shared.deleted:,} deleted",
            f"{humane_bytes(shared.alone_bytes)} of its own",
        ]
        parts += [f"{len(made.removed):,} older removed"] * bool(made.removed)
    return f"{display(made.path)}: {'would have ' if made.is_dry else ''}{', '.join(parts)}, {duration(seconds)}"


def _json(made: SnapshotMade) -> dict[str, object]:
    record, shared = made.record, made.shared
    return {
        "path": made.path,
        "linked_to": made.linked_to,
        "source": os.fsencode(record.source),
        **fields_of(record, "started", "finished", "checksum", "files", "content_bytes"),
        **fields_of(record, "copied_files", "copied_bytes"),
        **fields_of(record, "linked_files", "new_files", "changed_files", "deleted_files"),
        "alone_bytes": shared.alone_bytes if shared else None,
        **fields_of(made.totals, "sent_bytes", "received_bytes"),
        "removed": made.removed,
    }
