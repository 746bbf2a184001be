"""pybackup snapshot list."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pybackup.options.snapshots import SnapshotListRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, local_time

if TYPE_CHECKING:
    from pybackup.jobs.snapshot_list import ListedSnapshot
    from pybackup.snapshots.record import SnapshotRecord

EPILOG = """\
Shows the snapshots in the order in which they were made: when, how many files, and how much was copied for each. With
--sizes also how much removing each would free, which is little, as snapshots share most files. Dated directories that
other programs made there with rsync are snapshots too, and new ones link to them.

examples:
  pybackup snapshot list /mnt/disk/snapshots
  pybackup snapshot list /mnt/disk/snapshots --sizes
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, SnapshotListRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show the snapshots."""
    from pybackup.jobs.snapshot_list import list_snapshots

    with talk_of(options, options.where) as talk:
        asked = asked_of(SnapshotListRequest, options, talk)
        found = list_snapshots(asked.store(), sizes=options.sizes, monitor=talk)
        if options.json:
            deliver(map(_json, found))
        else:
            deliver_lines(_lines(found))
        return conclude(talk)


def _lines(found: Iterator[ListedSnapshot]) -> Iterator[str]:
    for each in found:
        record = each.snapshot.record
        parts = [display(each.snapshot.name)]
        if not each.snapshot.is_complete or record is None:
            parts.append(each.snapshot.state.value)
        if record is not None:
            parts.append(local_time(record.started))
        if record is not None and each.snapshot.is_complete:
            parts += [count(record.files, "file"), humane_bytes(record.content_bytes)]
            parts.append(f"{record.copied_files:,} copied ({humane_bytes(record.copied_bytes)})")
            parts += [count(record.problems, "problem")] * bool(record.problems)
        if each.alone_bytes is not None:
            parts.append(f"{humane_bytes(each.alone_bytes)} of its own")
        yield "  ".join(parts)


def _json(each: ListedSnapshot) -> bytes:
    record = each.snapshot.record
    return json_line(
        {
            "name": each.snapshot.name,
            "path": each.path,
            "state": each.snapshot.state,
            "run": _json_run(record) if record else None,
            "alone_bytes": each.alone_bytes,
        }
    )


def _json_run(record: SnapshotRecord) -> dict[str, object]:
    return {
        "source": os.fsencode(record.source),
        **fields_of(record, "number", "started", "finished", "checksum", "files", "content_bytes"),
        **fields_of(record, "copied_files", "copied_bytes", "problems"),
    }
