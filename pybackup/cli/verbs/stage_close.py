"""pybackup stage close."""

from __future__ import annotations

import argparse

from pybackup.options.stages import StageCloseRequest

from ..json_form import json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..recording import add_recording, recording
from ..results import conclude
from ..stages import json_closed, record_closed, tell_closed
from ..streams import deliver
from ..text import count

EPILOG = """\
Makes an archive of the staged files and compares each with the hash it had when it was copied. Then makes the image:
the archive, CATALOGUE.SQLITE with all discs so far and the watched files, README.TXT, which says how to use it, and
parity over everything. The image is in STAGING/images, labels to print are in STAGING/labels. Then the staged files
are removed, and the next disc takes files. If 'stage init' was given '--on-full burn', the image is burnt and read
back; else burn it with 'pybackup disc burn', and then read it with 'pybackup stage verify STAGING /dev/sr0'.

examples:
  pybackup stage close /srv/stage/music
  pybackup disc burn /srv/stage/music/images/music-0003.iso --device /dev/sr0
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, StageCloseRequest)
    add_recording(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Close the open disc."""
    from pybackup.jobs.stage_scan import close_open

    with talk_of(options, options.staging) as talk, recording(options):
        closed = close_open(asked_of(StageCloseRequest, options, talk), talk)
        record_closed(options, closed, talk)
        if options.json:
            deliver(json_line(json_closed(each)) for each in closed)
        tell_closed(closed, talk)
        return conclude(talk, f"{count(len(closed), 'disc')} closed")
