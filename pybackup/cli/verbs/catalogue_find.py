"""pybackup catalogue find."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.options.values import path, since, size

from ..catalogue import add_catalogue, grouped, json_sighting, opened, sha256, sighting_line
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import display

if TYPE_CHECKING:
    from pybackup.model.catalogued import Wanted

EPILOG = """\
A PATTERN is part of a name, the end of a directory and the start of a name (letters/1), or a glob, in which * matches
slashes too; with a slash in front it begins at the top. A file must match all conditions. Exit status 1: none does.

examples:
  pybackup catalogue find letter
  pybackup catalogue find '2019/*.jpg' --min-size 1M
  pybackup catalogue find --like photos/a.jpg
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add = parser.add_argument
    add("pattern", metavar="PATTERN", nargs="?", type=argument(path), help="part of a name, or a glob")
    add("--hash", metavar="SHA256", type=argument(sha256), help="only this content")
    add("--like", metavar="FILE", type=argument(path), help="only the content of FILE")
    add("--min-size", metavar="SIZE", type=argument(size), help="only files of this size and more: 1M")
    add("--max-size", metavar="SIZE", type=argument(size), help="only files up to this size")
    add("--since", metavar="DATE", type=argument(since), help="only files modified since")
    add("--until", metavar="DATE", type=argument(since), help="only files modified before")
    add("--null", action="store_true", help="exact names alone, each ended by a NUL byte")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show what matches, and where it is."""
    wanted = _wanted(options)
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.find import find

        found = list(grouped(find(catalogue, wanted)))
        if options.json:
            deliver(json_line(json_sighting(each, media)) for each, media in found)
        elif options.null:
            deliver(each.filed.path + b"\0" for each, _ in found)
        else:
            deliver_lines(sighting_line(each, media) for each, media in found)
        if not found:
            what = f": {display(options.pattern)}" if options.pattern else ""
            talk.note(f"nothing in the catalogue matches{what}")
        return conclude(talk) if found else Status.PROBLEMS


def _wanted(options: argparse.Namespace) -> Wanted:
    # Checked before SQLAlchemy is needed: opening the catalogue reports if that is missing.
    from pybackup.host.hash_file import hash_file
    from pybackup.model.catalogued import Wanted

    if options.hash and options.like:
        raise UsageError("--hash and --like both say which content")
    digest = options.hash or (hash_file(options.like) if options.like else b"")
    given = (options.min_size, options.max_size, options.since, options.until)
    if not options.pattern and not digest and all(value is None for value in given):
        raise UsageError("nothing to look for: give PATTERN, --hash, --like, --min-size, --max-size, --since, --until")
    until = None if options.until is None else options.until - 1
    return Wanted(options.pattern or b"", digest, options.min_size, options.max_size, options.since, until)
