"""pybackup snapshot verify."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pybackup.options.snapshots import SnapshotVerifyRequest

from ..catalogue import opened
from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..streams import deliver
from ..text import count, humane_bytes

if TYPE_CHECKING:
    from pybackup.jobs.snapshot_verify import HurtInSnapshots, SnapshotsVerdict

EPILOG = """\
Reads every file of the snapshots once, however many of them share it, and compares it with the hash that was taken when
it was copied. A file with the same size and time but another content has rotted, in all snapshots that share it. Each
is shown with these snapshots, and with where its content still is: in other snapshots, in the source or, with
--catalogue, on media. Files without a hash, as in snapshots of other programs, get one now. Exit status 1: a file is
damaged.

examples:
  pybackup snapshot verify /mnt/disk/snapshots
  pybackup snapshot verify /mnt/disk/snapshots 2026-11-29T023000 --catalogue ~/catalogue.sqlite
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, SnapshotVerifyRequest)
    parser.add_argument(
        "--catalogue", metavar="URL", help="show which media of this catalogue have the content of damaged files"
    )
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Verify snapshots."""
    from pybackup.jobs.snapshot_verify import verify

    with ExitStack() as stack:
        talk = stack.enter_context(talk_of(options, options.where))
        asked = asked_of(SnapshotVerifyRequest, options, talk)
        catalogue = stack.enter_context(opened(options)) if options.catalogue else None
        done = verify(asked.store(), asked.names(), talk, catalogue=catalogue)
        status = conclude(talk, _summary(done))
        if options.json:
            deliver([json_line({**_json(done), "problems": talk.problems})])
        return status


def _summary(done: SnapshotsVerdict) -> str:
    read = done.read
    parts = [
        count(read.snapshots, "snapshot"),
        f"{count(read.files, 'file')} of {humane_bytes(read.n_bytes)} read",
        f"{len(done.hurt):,} hurt",
    ]
    return ", ".join(parts + [f"{read.new:,} not known before"] * bool(read.new))


def _json(done: SnapshotsVerdict) -> dict[str, object]:
    return {
        **fields_of(done.read, "snapshots", "files", "new", bytes="n_bytes"),
        "hurt": [*map(_json_hurt, done.hurt)],
    }


def _json_hurt(hurt: HurtInSnapshots) -> dict[str, object]:
    told = fields_of(hurt.file, "path", "fate", "size", "snapshots", "sound")
    return {**told, "sha256": hurt.file.sha256.hex(), "live": hurt.live or None, "media": hurt.media}
