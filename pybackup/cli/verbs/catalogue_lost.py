"""pybackup catalogue lost."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pybackup.options.values import age, directory

from ..catalogue import add_catalogue, add_medium, json_sighting, opened, sighting_line, since, where
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, printable

if TYPE_CHECKING:
    from pybackup.jobs.catalogue_lost import Reckoned

EPILOG = """\
Marks a medium as lost and shows what becomes of its files: which are on other media, and on which; which can be rebuilt
by recovery volumes of its set; which are still in the directory given by --in; which are only on media that are suspect
or, with --unchecked, were not read for that long; and which are gone. Files on other media that are stored as deltas to
what is lost are counted, too, as they cannot be restored without it. Exit status 1: a file is gone, or in doubt.

examples:
  pybackup catalogue lost 'docs 17' --dry-run
  pybackup catalogue lost 'docs 17' --in ~/docs
  pybackup catalogue lost 'docs 17' --files
"""

_WORDS = {
    "elsewhere": "on other media as well",
    "rebuildable": "not elsewhere, but recovery volumes make up for it",
    "live": "not elsewhere, but still in the directory",
    "doubtful": "only on media that do not count",
    "dependent": "on other media that cannot be restored without it",
    "gone": "gone",
}


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_medium(parser)
    add = parser.add_argument
    add("--dry-run", action="store_true", help="tell what would be lost, and mark nothing")
    add("--in", metavar="DIR", dest="live", type=argument(directory), help="a directory that may still have the files")
    add("--checksum", action="store_true", help="compare the contents in DIR, not sizes, times and names alone")
    add(
        "--unchecked",
        metavar="AGE",
        type=argument(age),
        help="media whose last check is older than this do not count: 2y, 90d",
    )
    add("--files", action="store_true", help="name each file that is not on other media")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show what is lost with a medium, and mark it as lost."""
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.jobs.catalogue_lost import lose

        done = lose(
            catalogue,
            options.medium,
            live=options.live,
            checksum=options.checksum,
            checked_since_ns=since(options.unchecked),
            dry_run=options.dry_run,
            details=options.files or options.json,
            monitor=talk,
        )
        talk.end()
        if options.json:
            deliver([_json(done, options.dry_run)])
        else:
            deliver_lines(_lines(done, files=options.files, quiet=options.quiet, dry_run=options.dry_run))
        status = conclude(talk)
        return status or (
            Status.PROBLEMS if any(done.counts[name] for name in ("gone", "dependent", "doubtful")) else Status.DONE
        )


def _lines(done: Reckoned, *, files: bool, quiet: bool, dry_run: bool) -> Iterator[str]:
    loss = done.loss
    if not quiet:
        verb = "would be lost" if dry_run else "is marked as lost"
        yield f"{printable(loss.medium.label)} {verb}: {count(loss.files, 'file')} on it"
        if loss.copies:
            yield f"  no file is lost: the same volume is on {where(loss.copies)}"
        yield from (
            f"  {count(done.counts[name], 'file')} {words}" for name, words in _WORDS.items() if done.counts[name]
        )
        yield from (f"    {count(number, 'file')} on {where([known])}" for known, number in loss.others)
        if loss.by:
            yield f"    with {where(loss.by)}: 'pybackup rebuild'"
        for each in loss.needed_by:
            runs = count(each.runs, "run")
            yield f"  the chain {each.chain} builds on it: {runs}, the newest with {count(each.files, 'file')} of it"
    if files:
        for found, name in done.files:
            yield f"{name}: {sighting_line(found)}"


def _json(done: Reckoned, dry_run: bool) -> bytes:
    loss = done.loss
    fields: dict[str, Any] = {
        "medium": loss.medium.label,
        "marked": not dry_run,
        "files": loss.files,
        "copies": [known.label for known in loss.copies],
        "counts": done.counts,
        "elsewhere": [{"label": known.label, "files": number} for known, number in loss.others],
        "recovery": [known.label for known in loss.by],
        "needed_by": [{"chain": each.chain, "runs": each.runs, "files": each.files} for each in loss.needed_by],
        "not_elsewhere": [{**json_sighting(found, ()), "outlook": name} for found, name in done.files],
    }
    return json_line(fields)
