"""The command `pyactivity`: which way to show a survey was asked for, and that way."""

import argparse
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pyactivity import listing
from pyactivity.errors import EnvironmentFailed
from pyactivity.overview import overview_of
from pyactivity.parsers import ALL, DEFAULT_LINES
from pyactivity.present import present
from pyactivity.remarks import tell_scan, tell_shown
from pyactivity.report import report_of
from pyactivity.streams import deliver
from pyactivity.survey import Part, Survey, members_of
from pyactivity.totals import SIZE, Sums


def report(found: Survey, archived: NDArray[np.bool_] | None, options: argparse.Namespace) -> None:
    """Show what the options ask for. Raises BadValue and EnvironmentFailed."""
    text = not (options.json or options.null or options.tree or options.browse or options.published)
    # The newest N are asked for: times that cannot be are none of these.
    strange = options.limit in (None, ALL)
    parts = list(found.parts(min_files=options.min_files, limit=options.limit or None, strange=strange))
    if text or options.overview:
        parts = list(found.fold(parts))
    tell = partial(listing.group, found, archived, options)
    if options.newest or options.largest:
        deliver(listing.files(found, parts, options))
        parts = []
    elif options.browse:
        _browse(found, parts, options)
    elif options.overview or (text and options.limit is None and not options.names and len(parts) > DEFAULT_LINES):
        shown = overview_of(found, parts, archived)
        parts = list(shown.parts())
        deliver(listing.overview(shown, found, tell, options))
    elif options.published:
        present(
            report_of(found, options.directories, parts, archived), **options.published, overwrite=options.overwrite
        )
    elif options.tree:
        deliver(listing.tree(found, parts, options))
    elif options.null:
        deliver(path + b"\0" for part in parts for path in found.scan.files.paths(part.members))
    else:
        parts = _first(parts) if text and options.limit is None else parts
        deliver(chain.from_iterable(map(tell, parts)))
    if not options.quiet:
        tell_scan(found, options)
        tell_shown(found, parts, archived, options)


def _browse(found: Survey, parts: list[Part], options: argparse.Namespace) -> None:
    try:
        from pyactivity.browse import Walk, browse
    except ImportError as error:
        raise EnvironmentFailed(f"this Python has no curses for --browse ({error}); --tree prints the same") from error
    files = found.scan.files
    sums = Sums(files, members_of(parts), files.times_ns(found.by))
    browse(Walk(files, sums, found.now_ns, options.sort or SIZE))


def _first(parts: list[Part]) -> list[Part]:
    """As many activities as are shown unless more are asked for, and the groups of impossible times."""
    usual = [part for part in parts if part.number]
    return [part for part in parts if not part.number or part in usual[:DEFAULT_LINES]]
