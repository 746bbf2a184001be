"""pybackup catalogue list."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ..catalogue import add_catalogue, json_medium, media_lines, opened, warn_of_worsening
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..pages import check_report, page_path, write_page
from ..results import conclude
from ..streams import deliver, deliver_lines

if TYPE_CHECKING:
    from pybackup.catalogue.connect import Catalogue

_MOST_NAMES = 3_000_000  # entries on the page, since a browser has them all in memory

EPILOG = """\
Shows for each medium its label, its set and number unless the label has them, what it is, how many files and bytes are
on it, its size and how full it is, its state, when it was last checked, and its place.

--html also writes a page for a browser: the shelf with the health of each medium over time, what is at risk,
what a lost medium would cost, and a search over all names. 'pybackup catalogue --html FILE' is the same.

examples:
  pybackup catalogue list
  pybackup catalogue --html catalogue.html
  pybackup catalogue list --json
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument("--place", metavar="TEXT", help="only media that are kept there")
    add = parser.add_argument
    add("--html", metavar="FILE", type=argument(page_path), help="also write FILE.html for a browser")
    add("--overwrite", action="store_true", help="replace the page if it exists")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show the media."""
    check_report(options.html, (), replace=options.overwrite)
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        if options.html is not None:
            _write_page(catalogue, options)
        from pybackup.catalogue.media import media

        found = [known for known in media(catalogue) if options.place in (None, known.place)]
        if options.json:
            deliver(json_line(json_medium(known)) for known in found)
        else:
            deliver_lines(media_lines(found))
        warn_of_worsening(catalogue, talk)
        return conclude(talk)


def _write_page(catalogue: Catalogue, options: argparse.Namespace) -> None:
    from pybackup.catalogue.names import all_names
    from pybackup.catalogue.overview import count_entries, overview

    from ..pages.catalogue_page import render_catalogue

    names = all_names(catalogue) if count_entries(catalogue) <= _MOST_NAMES else None
    pieces = render_catalogue(catalogue.shown, overview(catalogue), names)
    about = [os.fsencode(str(catalogue.url.database))] if catalogue.is_sqlite else []
    write_page(options.html, pieces, about, replace=options.overwrite)
