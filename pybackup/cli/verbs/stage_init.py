"""pybackup stage init."""

from __future__ import annotations

import argparse

from pybackup.options.stages import StageInitRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..streams import deliver
from ..text import display, humane_bytes

EPILOG = """\
Makes a staging directory. 'stage scan', run by cron or by hand, copies there what is new or changed in WATCHED since
the last scan. When that fills a disc, its image is made, with parity and with the history of all earlier discs, and
labels to print. The history is kept in DIR/stage.sqlite, which the program sqlite3 can read, and on each disc in
CATALOGUE.SQLITE. If WATCHED is on a drive of its own, that must be mounted for each scan.

If a staging directory was lost, --from-disc makes it again from the newest disc, or from several. Files that were
staged for the next disc are used if they are still in DIR.

examples:
  pybackup stage init ~/music --staging /srv/stage/music --medium dvd
  pybackup stage init ~/photos --staging /srv/stage/photos --medium bd25 --threshold 90% --on-full ask
  pybackup stage init ~/music --staging /srv/stage/music --medium dvd --from-disc /media/cdrom
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, StageInitRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Make a stage."""
    from pybackup.jobs.stage_init import make_stage

    with talk_of(options, options.watched) as talk:
        made = make_stage(asked_of(StageInitRequest, options, talk), talk)
        if options.json:
            what = fields_of(made, "watched", "name", "medium_bytes", "capacity_bytes", "threshold", "mounted")
            deliver([json_line({"staging": options.staging, **what})])
        room = f"discs of {humane_bytes(made.medium_bytes)}, {humane_bytes(made.capacity_bytes)} of it for files"
        return conclude(talk, f"{display(options.staging)}: made; {room}, closed at {humane_bytes(made.full_bytes)}")
