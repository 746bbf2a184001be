"""pybackup catalogue refresh."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pybackup.errors import UsageError
from pybackup.options.values import age, directory, path, positive

from ..catalogue import add_catalogue, json_medium, opened, since, where
from ..json_form import json_line
from ..options import add_talk, argument, talk_of
from ..recording import record_for_discs
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, printable

if TYPE_CHECKING:
    from pybackup.catalogue.refresh import Refreshed, Worn

    from ..monitor import Talk

EPILOG = """\
Without --to it shows which media should be written again: those that are suspect, that get worse from check to check,
that were entered longer ago than --older, or that are named; and what would have fewer than N copies without them. With
--to each volume that is still needed is written into DIR, merged from all that --from gives and mended by its parity:
an image, to burn, if an image or a disc was given, else the archive. One that cannot be written whole is not written.
Once the new disc is burnt and checked, and 'refresh' shows the old medium as not needed, the old one can be discarded.
Exit status 1: something is still needed; 4: with --to, if not all of it was written.

examples:
  pybackup catalogue refresh --older 5y
  pybackup catalogue refresh 'docs 3' --from /dev/sr0 --to fresh
  pybackup disc burn fresh/docs-003.iso --verify
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add = parser.add_argument
    add("media", metavar="MEDIUM", nargs="*", help="labels of media, or how they begin; see 'catalogue list'")
    add("--older", metavar="AGE", type=argument(age), help="also media that were entered longer ago than this: 5y, 90d")
    add("--copies", metavar="N", type=argument(positive), default=2, help="how many copies are wanted (default: 2)")
    add(
        "--unchecked",
        metavar="AGE",
        type=argument(age),
        help="media whose last check is older than this are no copies",
    )
    add(
        "--from",
        metavar="PATH",
        dest="source",
        type=argument(path),
        action="append",
        default=[],
        help="a drive, an image, an archive, or a directory of these; may be repeated (files that the catalogue knows "
        "the place of are taken as well)",
    )
    add(
        "--to",
        metavar="DIR",
        type=argument(path),
        help="the directory to write the needed volumes into; made if there is none",
    )
    add("--work-dir", metavar="DIR", type=argument(directory), help="the directory for temporary files (default: DIR)")
    add("--overwrite", action="store_true", help="replace files of the same names in DIR")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show what should be written again, or write it."""
    if options.to is None and options.source:
        raise UsageError("catalogue refresh: --from says what to read; --to says where to write it")
    with talk_of(options, b"") as talk:
        with opened(options) as catalogue:
            from pybackup.catalogue.refresh import plan_refresh

            limits: dict[str, Any] = {
                "added_before_ns": since(options.older),
                "checked_since_ns": since(options.unchecked),
            }
            plan = plan_refresh(catalogue, options.media, copies=options.copies, **limits)
            if options.to is None:
                return _show(plan, options, talk)
            from pybackup.jobs.catalogue_refresh import refresh

            kept: dict[str, Any] = {"work_dir": options.work_dir, "overwrite": options.overwrite}
            done = refresh(catalogue, plan, options.source, options.to, **kept, monitor=talk)
        talk.end()
        written = [each.path for each in done if each.path is not None]
        record_for_discs(options, written, talk)
        if options.json:
            deliver(_json(each.worn, each) for each in done)
        elif not options.quiet:
            deliver_lines(_line_of(each) for each in done)
        status = conclude(talk)
        return status if len(written) == len(done) else Status.BEYOND


def _show(plan: Sequence[Worn], options: argparse.Namespace, talk: Talk) -> int:
    if options.json:
        deliver(map(_json, plan))
    else:
        deliver_lines(line for worn in plan for line in _lines(worn, options.copies))
    status = conclude(talk)
    return status or (Status.PROBLEMS if any(worn.is_needed for worn in plan) else Status.DONE)


def _lines(worn: Worn, copies: int) -> Iterator[str]:
    needed = []
    if worn.files:
        files = f"{count(worn.files, 'file')}, {humane_bytes(worn.n_bytes)}"
        needed.append(f"{files} with fewer than {count(copies, 'copy', 'copies')} without it")
    if worn.chains:
        needed.append(f"a run of {', '.join(map(printable, worn.chains))}")
    if worn.is_recovery:
        needed.append("the only copy of a recovery volume")
    on = where(known for known, _ in worn.media)
    # The state is named together with the medium.
    reasons = dict.fromkeys(reason for known, reason in worn.media if reason != known.state.value)
    why = "; ".join([*reasons, *needed])
    yield f"{'needed' if needed else 'not needed'}  {on}{': ' if why else ''}{why}"


def _line_of(done: Refreshed) -> str:
    name = printable(done.worn.media[0][0].label)
    if done.path is not None:
        return f"{name}: whole, {display(done.path)}"
    help = f"; also on {where(done.others)}" if done.others else ""
    rebuilt = f"; 'pybackup rebuild' makes it of the others and {where(done.by)}" if done.by else ""
    outcome = "beyond repair" if done.outcome == "beyond" else done.outcome
    return f"{name}: {outcome}{help}{rebuilt}"


def _json(worn: Worn, done: Refreshed | None = None) -> bytes:
    fields: dict[str, Any] = {
        "volume": worn.volume.name.encode(),
        "media": [{**json_medium(known), "reason": reason} for known, reason in worn.media],
        "needed": worn.is_needed,
        "files": worn.files,
        "bytes": worn.n_bytes,
        "chains": list(worn.chains),
        "outcome": done.outcome.value if done else None,
        "path": done.path if done else None,
        "others": [known.label for known in done.others] if done else [],
        "recovery": [known.label for known in done.by] if done else [],
    }
    return json_line(fields)
