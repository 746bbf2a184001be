"""pybackup stage verify."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pybackup.options.stages import StageVerifyRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, display

if TYPE_CHECKING:
    from pybackup.jobs.stage_verify import VerifiedStaged

EPILOG = """\
Reads every byte of the discs that are named. A sound disc is marked as burnt, even if it was marked as lost, and is due
for its next check after the time given to 'stage init --check-every'. Without a disc, staged files are compared with
the hashes they had when they were copied, and images that wait for burning are read. Exit status 1: something is
damaged. Damaged staged files are copied again by the next scan.

examples:
  pybackup stage verify /srv/stage/music /dev/sr0
  pybackup stage verify /srv/stage/music
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, StageVerifyRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Verify discs, staged files and images."""
    from pybackup.jobs.stage_verify import verify_stage

    with talk_of(options, options.staging) as talk:
        found = verify_stage(asked_of(StageVerifyRequest, options, talk), talk)
        if options.json:
            deliver(json_line(fields_of(each, "path", "disc", "fate", "files", "bad_files")) for each in found)
        else:
            deliver_lines(_lines(found))
        return conclude(talk)


def _lines(found: Iterator[VerifiedStaged]) -> Iterator[str]:
    for each in found:
        which = f"{each.disc}, {count(each.files, 'file')}: " if each.disc else ""
        bad = f", {count(each.bad_files, 'file')} not as copied" if each.bad_files else ""
        yield f"{display(each.path)}: {which}{each.fate.value}{bad}"
