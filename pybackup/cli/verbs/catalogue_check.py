"""pybackup catalogue check."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pybackup.options.values import age, directory, positive

from ..catalogue import add_catalogue, opened, since, where
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes

if TYPE_CHECKING:
    from pybackup.catalogue.live import CheckedFile

EPILOG = """\
Looks at every file of a live directory: is it on a medium, on how many, has it changed since, or is it nowhere? A file
is known by its size, its time and the end of its path, or by its content with --checksum. Only what is not safe is
shown, unless --all says otherwise. Status 1: something is not safe.

examples:
  pybackup catalogue check ~/docs
  pybackup catalogue check ~/photos --copies 2 --unchecked 2y --checksum
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add("dir", metavar="DIR", type=argument(directory), help="a live directory")
    add("--copies", metavar="N", type=argument(positive), default=1, help="how many copies make it safe (default: 1)")
    add("--unchecked", metavar="AGE", type=argument(age), help="what was not checked for so long is no copy: 2y, 90d")
    add("--checksum", action="store_true", help="go by contents, which takes reading them")
    add("--all", action="store_true", help="show what is safe, too, and on which media")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Compare a live tree with what the media hold."""
    with talk_of(options, options.dir) as talk, opened(options) as catalogue:
        from pybackup.jobs.catalogue_check import check_tree

        found = check_tree(
            catalogue,
            options.dir,
            copies=options.copies,
            checked_since_ns=since(options.unchecked),
            checksum=options.checksum,
            monitor=talk,
        )
        totals: dict[str, list[int]] = {}
        shown = _counted(found, totals, everything=options.all)
        if options.json:
            deliver(json_line(_json(each)) for each in shown)
        else:
            deliver_lines(_line(each) for each in shown)
        talk.end()
        words = ", ".join(f"{name}: {count(n, 'file')} ({humane_bytes(size)})" for name, (n, size) in totals.items())
        status = conclude(talk, words or "no files")
        return status or (Status.PROBLEMS if totals.keys() - {"safe"} else Status.DONE)


def _counted(found: Iterator[CheckedFile], totals: dict[str, list[int]], *, everything: bool) -> Iterator[CheckedFile]:
    for each in found:
        total = totals.setdefault(each.standing.value, [0, 0])
        total[0] += 1
        total[1] += each.size
        if everything or each.standing.value != "safe":
            yield each


def _line(each: CheckedFile) -> str:
    on = f", on {where(each.media)}" if each.media else ""
    return f"{each.standing.value}: {display(each.path)}{on}"


def _json(each: CheckedFile) -> dict[str, object]:
    return {
        "path": each.path,
        "standing": each.standing,
        "size": each.size,
        "copies": each.copies,
        "media": [known.label for known in each.media],
    }
