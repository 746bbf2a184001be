"""pybackup catalogue whereis."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.options.values import path

from ..catalogue import add_catalogue, grouped, json_sighting, opened, sha256, sighting_line
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import display

if TYPE_CHECKING:
    from pybackup.catalogue.connect import Catalogue
    from pybackup.model.catalogued import Sighting

EPILOG = """\
A PATH is a whole path, or the end of one; of a directory, everything below it is shown. Files with the same content
under other names are shown too. Exit status 1: nothing of that name is known.

examples:
  pybackup catalogue whereis docs/letters/1.txt
  pybackup catalogue whereis letters
  pybackup catalogue whereis --like ~/photos/a.jpg
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add = parser.add_argument
    add("path", metavar="PATH", nargs="?", type=argument(path), help="a path, or the end of one")
    add("--hash", metavar="SHA256", type=argument(sha256), help="where this content is")
    add("--like", metavar="FILE", type=argument(path), help="where the content of FILE is")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show on which media something is."""
    if sum(value is not None for value in (options.path, options.hash, options.like)) != 1:
        raise UsageError("say one of PATH, --hash and --like")
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        found = _found(options, catalogue)
        lines = list(grouped(found))
        if options.json:
            deliver(json_line(json_sighting(each, media)) for each, media in lines)
        else:
            deliver_lines(sighting_line(each, media) for each, media in lines)
        if not found:
            name = options.path or options.like
            talk.note(f"nothing is known of {display(name) if name else 'this content'}")
        return conclude(talk) if found else Status.PROBLEMS


def _found(options: argparse.Namespace, catalogue: Catalogue) -> Sequence[Sighting]:
    from pybackup.catalogue.find import find_contents, find_path
    from pybackup.host.hash_file import hash_file

    if options.path is None:
        return find_contents(catalogue, [options.hash or hash_file(options.like)])
    called = find_path(catalogue, options.path)
    digests = {each.filed.sha256 for each in called if each.filed.sha256 and not each.filed.sparse}
    known = {(each.volume.id, each.filed.path) for each in called}
    others = find_contents(catalogue, sorted(digests))
    return [*called, *(each for each in others if (each.volume.id, each.filed.path) not in known)]
