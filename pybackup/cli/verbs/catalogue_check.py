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
Looks for every file of a live directory: on how many media is it, has it changed since, or is it on none? A file is
recognised by its size, its time and the end of its path; with --checksum, by its content. Only files that are not safe
are shown, unless --all is given. Exit status 1: a file is not safe.

examples:
  pybackup catalogue check ~/docs
  pybackup catalogue check ~/photos --copies 2 --unchecked 2y --checksum
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add = parser.add_argument
    add("dir", metavar="DIR", type=argument(directory), help="a live directory")
    add(
        "--copies",
        metavar="N",
        type=argument(positive),
        default=1,
        help="how many copies make a file safe (default: 1)",
    )
    add(
        "--unchecked",
        metavar="AGE",
        type=argument(age),
        help="media whose last check is older than this do not count: 2y, 90d",
    )
    add("--checksum", action="store_true", help="compare contents, which means reading all files")
    add("--all", action="store_true", help="show safe files too, and on which media they are")
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
