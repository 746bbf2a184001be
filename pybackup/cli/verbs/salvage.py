"""pybackup salvage."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pybackup.errors import UsageError
from pybackup.model.problem import Trouble
from pybackup.model.verdict import Fate
from pybackup.options import values
from pybackup.options.restoring import SalvageRequest

from ..json_form import fields_of, json_line
from ..monitor import Talk
from ..options import add_options, add_talk, argument, asked_of, talk_of
from ..pages import check_report, write_page
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, local_time, printable

if TYPE_CHECKING:
    from pybackup.jobs.salvage import Salvaged
    from pybackup.model.verdict import FileVerdict, UnnamedFile
    from pybackup.restore.result import Restored

EPILOG = """\
Restores every file of which anything is left to DIR: an intact file under its name, checked; the intact parts of others
as NAME.partial, with holes where bytes are lost. Files whose names are lost go to lost+found in DIR.
First prints what could not be restored, and what to do about it; then a line for each file that is not intact.

examples:
  pybackup salvage scratched.iso --to /tmp/back
  pybackup salvage scratched.xtar --to /tmp/back --partial drop --report /tmp/report.json
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, SalvageRequest)
    parser.add_argument(
        "--report",
        metavar="FILE",
        type=argument(values.path),
        help="write a report on every file: FILE.json or FILE.html",
    )
    add_talk(parser, verbose=True)


def perform(options: argparse.Namespace) -> int:
    """Salvage files, write the report, and print what would restore the rest; return the exit status."""
    from pybackup.jobs.salvage import salvage
    from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX

    if options.report is not None and not options.report.endswith((b".json", b".html")):
        raise UsageError("--report: a report ends in .json or .html")
    read = (*options.copies, *(each + SIDECAR_SUFFIX for each in options.copies), *options.map)
    check_report(options.report, read, replace=options.overwrite != "never")
    with talk_of(options, options.copies[0], {Trouble.LOST, Trouble.DAMAGED}) as talk:
        salvaged = salvage(
            options.copies,
            options.to,
            maps=options.map,
            work_dir=options.work_dir,
            options=asked_of(SalvageRequest, options, talk).salvaging(),
            monitor=talk,
        )
        done = salvaged.restored
        talk.end()
        if options.report is not None:
            _write_report(options, salvaged, talk)
        if options.json:
            deliver([json_line(_report(options, done, talk))])
        else:
            deliver_lines(_lines(done, quiet=options.quiet))
        return _status(done, talk, f"{display(options.to)}: {_summary(done)}")


def _status(done: Restored, talk: Talk, summary: str) -> int:
    problems = conclude(talk, summary)
    if done.nothing:
        return Status.BEYOND
    return problems if done.complete else Status.PROBLEMS


def _lines(done: Restored, *, quiet: bool) -> Iterator[str]:
    if not done.complete:
        yield _verdict(done)
    elif done.counts[Fate.REPAIRED] and not quiet:
        yield "nothing is lost; but what it was read from is damaged: burn or copy it again"
    for verdict in done.not_intact:
        if verdict.fate != "repaired" or not quiet:
            yield f"{verdict.fate}: {display(verdict.path)}{_details(verdict)}"
    for found in done.unnamed:
        yield _unnamed_line(found)
    if done.missing is None:
        yield "lost: nothing is left that says how many entries there were; some may be missing"
    elif done.missing:
        yield f"lost: {count(abs(done.missing), 'entry', 'entries')}, not even known by name"
    if not quiet:
        yield from (f"damaged: {printable(damage)}" for damage in done.damage)


def _verdict(done: Restored) -> str:
    """Return what could not be restored, and what to do about it."""
    lost, partial, unplaced = (done.counts[fate] for fate in (Fate.LOST, Fate.PARTIAL, Fate.UNPLACED))
    said = [f"{count(lost, 'file')} lost"] if lost else []
    said += [f"{count(partial, 'file')} back in part"] if partial else []
    if done.missing is None:
        said.append("maybe more that no index lists")
    elif done.missing:
        said.append(f"{count(abs(done.missing), 'entry', 'entries')} not even known by name")
    blocked = unplaced + len(done.unplaced)
    if blocked:
        said.append(f"{count(blocked, 'entry', 'entries')} not put in place, as said below")
    more = "; the rest comes back from another copy, even a damaged one, given to 'pybackup salvage' as well"
    alone = "; or take these files from where else they are"
    is_gone = lost or partial or done.missing != 0
    return ", ".join(said) + (more + (alone if lost or partial else "") if is_gone else "")


def _details(verdict: FileVerdict) -> str:
    needed = f"; needed: {printable(verdict.needed)}" if verdict.needed else ""
    if verdict.fate == "partial":
        part = _part(verdict)
        place = f"as {display(verdict.placed_as)}" if verdict.placed_as else "not kept"
        return f" ({part}, {place}): {printable(verdict.reason)}{needed}"
    return f": {printable(verdict.reason)}{needed}" if verdict.reason else ""


def _part(verdict: FileVerdict | UnnamedFile) -> str:
    """Return how much of a file was restored, and how much of that no checksum confirms."""
    size = humane_bytes(verdict.size)
    proved = f"{humane_bytes(verdict.present.n_bytes)} of {size}"
    if not verdict.plausible:
        return proved
    return f"{proved} proved right, {humane_bytes(verdict.plausible.n_bytes)} more read, but not checked"


def _unnamed_line(found: UnnamedFile) -> str:
    where = f"a .7z without a name at {found.offset}"
    if found.placed_as is None:
        return f"{found.fate}: {where}: {printable(found.reason)}"
    part = _part(found) if found.reason else humane_bytes(found.size)
    return f"found: {where}: {part}, as {display(found.placed_as)}"


def _summary(done: Restored) -> str:
    parts = [f"{number:,} {fate}" for fate, number in done.counts.items() if number or fate == "intact"]
    placed = sum(found.placed_as is not None for found in done.unnamed)
    if placed:
        parts.append(f"{placed:,} found without a name")
    if done.missing:
        parts.append(f"{count(done.missing, 'entry', 'entries')} not even known by name")
    read = f", and {humane_bytes(done.plausible_bytes)} that no checksum vouches for" if done.plausible_bytes else ""
    return f"{count(len(done.verdicts), 'file')}: {', '.join(parts)}; {humane_bytes(done.n_bytes)}{read}"


def _write_report(options: argparse.Namespace, done: Salvaged, talk: Talk) -> None:
    is_page = options.report.endswith(b".html")
    pieces = _page(options, done, talk) if is_page else [json_line(_report(options, done.restored, talk))]
    write_page(options.report, pieces, options.copies, replace=options.overwrite != "never")


def _page(options: argparse.Namespace, done: Salvaged, talk: Talk) -> Iterator[bytes]:
    from ..pages.salvage_page import map_salvaged, render_salvage

    volume = map_salvaged(done.restored, done.image_bytes, health=done.health, repaired=done.repaired)
    when = f"salvaged {local_time(time.time())}"
    return render_salvage(options.copies, options.to, done.restored, volume, problems=talk.problems, salvaged=when)


def _report(options: argparse.Namespace, done: Restored, talk: Talk) -> dict[str, Any]:
    return {
        "images": options.copies,
        "target": options.to,
        "complete": done.complete,
        "counts": done.counts,
        "content_bytes": done.n_bytes,
        "plausible_bytes": done.plausible_bytes,
        "found_by": done.way,
        "missing": done.missing,
        "damage": done.damage,
        "files": [_json_file(verdict) for verdict in done.verdicts],
        "unnamed": [
            fields_of(found, "offset", "name", "fate", "size", "reason", "present", "plausible", "placed_as")
            for found in done.unnamed
        ],
        "problems": talk.problems,
    }


def _json_file(verdict: FileVerdict) -> dict[str, Any]:
    fields = fields_of(verdict, "path", "fate", "size")
    if verdict.reason:
        fields |= fields_of(verdict, "reason", "needed", needed_bytes="wanted")
        fields |= fields_of(verdict, "present", "plausible", "placed_as")
    return fields
