"""What the verbs for staging share: showing discs that were closed, and entering them in the catalogue."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .json_form import fields_of
from .monitor import Talk
from .recording import record_burnt, record_for_discs
from .text import count, display, humane_bytes

if TYPE_CHECKING:
    from pybackup.jobs.stage_close import ClosedDisc
    from pybackup.jobs.stage_status import DiscStanding


def record_closed(options: argparse.Namespace, closed: Sequence[ClosedDisc], talk: Talk) -> None:
    """Enter the images that were made, and the discs that were burnt, in the catalogue."""
    if closed:
        record_for_discs(options, [each.image for each in closed], talk)
    for each in closed:
        if each.burnt:
            record_burnt(options, each.image, each.device, each.read_back, talk)


def tell_closed(closed: Sequence[ClosedDisc], talk: Talk) -> None:
    """Note each disc that was closed, and what is left to do with it."""
    for each in closed:
        size = f"{count(each.files, 'file')}, {humane_bytes(each.content_bytes)}"
        what = covers_of(each) if each.covers else f"is full ({size})"
        todo = "burnt" if each.burnt else "to be burnt: pybackup disc burn"
        talk.note(f"{each.name} {what}; {todo} {display(each.image)}")


def json_closed(each: ClosedDisc) -> dict[str, Any]:
    """Return a disc that was closed as an object for JSON."""
    return fields_of(
        each, "number", "name", "image", "image_bytes", "files", "content_bytes", "labels", "covers", "burnt"
    )


def covers_of(each: ClosedDisc | DiscStanding) -> str:
    """Return which discs a recovery disc covers, in words."""
    first, last = each.covers[0], each.covers[-1]
    return f"is the recovery disc of {first}" + (f" to {last}" if len(each.covers) > 1 else "")
