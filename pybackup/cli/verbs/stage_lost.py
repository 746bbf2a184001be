"""pybackup stage lost."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pybackup.options.stages import StageLostRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes

if TYPE_CHECKING:
    from pybackup.jobs.stage_lost import DiscLoss

EPILOG = """\
Marks a disc as lost. The next scan stages its files again that are on no other disc and still in the watched directory;
those that are in neither are named. If recovery discs cover the disc, it is told whether it can be rebuilt: 'pybackup
rebuild' makes its archive again from these and the others that they cover, 'pybackup disc build' its image, and 'stage
verify' notes that it is back, as with a disc that is found again. Exit status 1: files are gone.

examples:
  pybackup stage lost /srv/stage/music music-0003 --dry-run
  pybackup stage lost /srv/stage/music 3
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, StageLostRequest)
    parser.add_argument("--dry-run", action="store_true", help="tell what would be lost, and mark nothing")
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Mark a disc as lost."""
    from pybackup.jobs.stage_lost import lose_disc

    with talk_of(options, options.staging) as talk:
        loss = lose_disc(asked_of(StageLostRequest, options, talk), dry_run=options.dry_run)
        if options.json:
            deliver([json_line(fields_of(loss, "disc", "elsewhere", "watched", "gone", "rebuildable", "rebuild_from"))])
        else:
            deliver_lines(_lines(loss))
        status = conclude(talk, f"{loss.disc}: {'nothing marked' if options.dry_run else 'marked as lost'}")
        return status or (Status.PROBLEMS if loss.gone else Status.DONE)


def _lines(loss: DiscLoss) -> Iterator[str]:
    for each in loss.gone:
        yield f"{display(each.path)}: gone, {humane_bytes(each.size)}"
    if loss.rebuild_from:
        files = count(len(loss.rebuildable), "file")
        by = f"{', '.join(loss.rebuild_from)} and the discs covered with it"
        yield f"{files} nowhere else: the disc can be rebuilt from {by}"
    yield f"{count(loss.elsewhere, 'file')} on other discs as well"
    yield f"{count(loss.watched, 'file')} not elsewhere, but still watched: the next scan stages them again"
    yield f"{count(len(loss.gone), 'file')} gone"
