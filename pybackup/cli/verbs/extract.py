"""pybackup extract."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.model.entry import Kind
from pybackup.model.problem import Trouble

from ..monitor import Talk
from ..options import add_archive, add_placing, add_talk, add_workers, placing_of, talk_of
from ..results import check_complete, conclude, json_problems, tell_condition
from ..streams import deliver, deliver_lines
from ..text import count, display, duration, humane_bytes, json_line, json_name
from ..values import argument, natural, path

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from pybackup.jobs.extract import Extracted, ExtractOptions, ExtractPlan
    from pybackup.jobs.inspect import OpenArchive

EPILOG = """\
A PATTERN is the path of an entry, or a glob in which * also crosses slashes; what lies below comes with it.
Nothing outside DIR is ever touched, and no file gets its name before its content has been checked.

examples:
  pybackup extract docs.xtar --to /tmp/back
  pybackup extract docs.xtar 'docs/*.txt' docs/photos --to /tmp/back --overwrite older
  pybackup extract docs.xtar docs/letter.txt --stdout | less
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_archive(parser)
    parser.add_argument("patterns", metavar="PATTERN", nargs="*", type=argument(path), help="only what matches")
    placing = add_placing(parser, needs_target=False)
    placing.add_argument(
        "--strip-components",
        metavar="N",
        type=argument(natural),
        default=0,
        help="cut so many leading components off each path",
    )
    add_workers(placing)
    parser.add_argument("--stdout", action="store_true", help="write the content of the one file PATTERN to stdout")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be restored")
    add_talk(parser, verbose=True)


def perform(options: argparse.Namespace) -> int:
    """Restore, or show what would be, or write one file to standard output."""
    from pybackup.host.workers import make_executor
    from pybackup.jobs.inspect import open_archive

    _check(options)
    with ExitStack() as stack:
        # All of a large archive: workers started before it is listed do not carry the weight of the listing.
        early = not (options.patterns or options.dry_run)
        executor = stack.enter_context(make_executor(options.workers)) if early else None
        talk = stack.enter_context(talk_of(options, options.archive))
        archive = stack.enter_context(open_archive(options.archive))
        tell_condition(archive.listing, talk)
        if options.stdout:
            return _to_stdout(archive, options.patterns[0], talk)
        return _to_directory(archive, options, executor, talk)


def _check(options: argparse.Namespace) -> None:
    if not options.stdout:
        if options.to is None:
            raise UsageError("extract: --to DIR is missing (or --stdout)\ntry: pybackup extract --help")
        return
    for name, given in (("--to", options.to), ("--dry-run", options.dry_run), ("--json", options.json)):
        if given:
            raise UsageError(f"extract: --stdout and {name} exclude each other")
    if len(options.patterns) != 1:
        raise UsageError("extract: --stdout takes exactly one PATTERN")


def _to_stdout(archive: OpenArchive, pattern: bytes, talk: Talk) -> int:
    from pybackup.jobs.extract import read_content
    from pybackup.jobs.inspect import select

    listing = archive.listing
    rows = [0] if pattern in listing.paths else select(listing, [pattern])
    if len(rows) != 1:
        raise UsageError(f"--stdout takes one file, {display(pattern)} matches {len(rows):,} entries")
    found = pattern if pattern in listing.paths else listing.paths[rows[0]]
    deliver(read_content(archive, found))
    return conclude(talk)


def _to_directory(archive: OpenArchive, options: argparse.Namespace, executor: Executor | None, talk: Talk) -> int:
    from pybackup.jobs.extract import perform_extract, plan_extract

    plan = plan_extract(archive, options.patterns, options.to, _extract_options(options), talk)
    if options.dry_run:
        return _show(plan, options, talk)
    start = time.monotonic()
    done = perform_extract(plan, executor=executor, monitor=talk)
    if options.patterns:  # else the job says so
        check_complete(plan.listing, talk)
    if any(problem.trouble is Trouble.LOST for problem in talk.problems):
        _tell_of_parity(archive, talk)
    status = conclude(talk, _summary(plan, done, time.monotonic() - start, talk))
    if options.json:
        deliver([_json(plan, done, options, talk)])
    return status


def _tell_of_parity(archive: OpenArchive, talk: Talk) -> None:
    """What an archive lost may not be lost yet."""
    from pybackup.jobs.info import parity_of

    shape = parity_of(archive)
    if shape and shape.groups:
        talk.note(f"the archive has parity: 'pybackup salvage {display(archive.path)} --to DIR' may bring back more")


def _extract_options(options: argparse.Namespace) -> ExtractOptions:
    from pybackup.jobs.extract import ExtractOptions

    return ExtractOptions(placing_of(options), options.strip_components, options.workers)


def _show(plan: ExtractPlan, options: argparse.Namespace, talk: Talk) -> int:
    if options.json:
        deliver([_json_plan(plan, options, talk)])
    else:
        deliver_lines(_plan_lines(plan))
    check_complete(plan.listing, talk)
    return conclude(talk)


def _plan_lines(plan: ExtractPlan) -> Iterator[str]:
    for stored in plan.entries:
        yield display(stored.entry.path) + ("/" if stored.entry.kind is Kind.DIRECTORY else "")
    entries = count(len(plan.entries), "entry", "entries")
    content = f"{count(plan.files, 'file')} of {humane_bytes(plan.n_bytes)}"
    yield f"{display(plan.target)}: would get {entries}, {content}"


def _json_plan(plan: ExtractPlan, options: argparse.Namespace, talk: Talk) -> bytes:
    return json_line(
        {
            "archive": json_name(options.archive),
            "target": json_name(plan.target),
            "dry_run": True,
            "files": plan.files,
            "content_bytes": plan.n_bytes,
            "paths": [json_name(stored.entry.path) for stored in plan.entries],
            "problems": json_problems(talk),
        }
    )


def _summary(plan: ExtractPlan, done: Extracted, seconds: float, talk: Talk) -> str:
    parts = [
        f"{done.files:,} of {count(plan.files, 'file')}",
        humane_bytes(done.n_bytes),
        duration(seconds),
        count(len(talk.problems), "problem"),
    ]
    return f"{display(plan.target)}: {', '.join(parts)}"


def _json(plan: ExtractPlan, done: Extracted, options: argparse.Namespace, talk: Talk) -> bytes:
    return json_line(
        {
            "archive": json_name(options.archive),
            "target": json_name(plan.target),
            "entries": len(plan.entries),
            "files": done.files,
            "content_bytes": done.n_bytes,
            "unplaced": done.unplaced,
            "found_by": done.way,
            "complete": done.complete,
            "problems": json_problems(talk),
        }
    )
