"""pybackup catalogue at-risk."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pybackup.options.values import age, positive

from ..catalogue import add_catalogue, json_sighting, opened, sighting_line, since, warn_of_worsening, where
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, humane_bytes, printable

if TYPE_CHECKING:
    from pybackup.catalogue.risk import Exposed

EPILOG = """\
A medium counts as a copy unless it is suspect, lost or retired; with --unchecked, only if all of it was read within
that time. Copies are counted by content, whatever the names are. Recovery volumes are no copies, but it is shown what
they could rebuild. Exit status 1: something is at risk.

examples:
  pybackup catalogue at-risk
  pybackup catalogue at-risk --copies 2 --places 2 --unchecked 2y
  pybackup catalogue at-risk --files
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add = parser.add_argument
    add("--copies", metavar="N", type=argument(positive), default=2, help="how many copies are wanted (default: 2)")
    add("--places", metavar="N", type=argument(positive), default=1, help="in how many places (default: 1)")
    add(
        "--unchecked",
        metavar="AGE",
        type=argument(age),
        help="media whose last check is older than this do not count: 2y, 90d",
    )
    add("--files", action="store_true", help="list each file, instead of how many are on each medium")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show what has too few copies."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.risk import at_risk, exposed

        limits: dict[str, Any] = {"places": options.places, "checked_since_ns": since(options.unchecked)}
        volumes = exposed(catalogue, options.copies, **limits)
        if options.files:
            files = at_risk(catalogue, options.copies, **limits)
            if options.json:
                deliver(json_line(json_sighting(each)) for each in files)
            else:
                deliver_lines(map(sighting_line, files))
        elif options.json:
            deliver(map(_json, volumes))
        else:
            deliver_lines(map(_line, volumes))
        warn_of_worsening(catalogue, talk)
        status = conclude(talk)
        return status or (Status.PROBLEMS if volumes else Status.DONE)


def _line(volume: Exposed) -> str:
    covered = "; a recovery volume would make up for its loss" if volume.recoverable else ""
    what = f"{count(volume.files, 'file')}, {humane_bytes(volume.n_bytes)}"
    return f"{printable(volume.volume.name)}: {what} at risk, on {where(volume.media)}{covered}"


def _json(volume: Exposed) -> bytes:
    fields = {
        "volume": volume.volume.name.encode(),
        "media": [known.label for known in volume.media],
        "files": volume.files,
        "bytes": volume.n_bytes,
        "recoverable": volume.recoverable,
    }
    return json_line(fields)
