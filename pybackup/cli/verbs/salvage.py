"""pybackup salvage."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pybackup.errors import UsageError
from pybackup.model.problem import Trouble
from pybackup.model.verdict import Fate

from ..monitor import Talk
from ..options import add_copies, add_placing, add_talk, add_workers, placing_of, talk_of
from ..pages import check_report, write_page
from ..results import conclude, json_problems
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, json_line, json_name, local_time, printable
from ..values import argument, directory, path

if TYPE_CHECKING:
    from pybackup.jobs.salvage import Rescued
    from pybackup.model.extents import Extents
    from pybackup.model.verdict import FileVerdict, UnnamedFile
    from pybackup.restore.result import Restored

EPILOG = """\
Every file of which anything is left is restored to DIR: whole and checked under its name, else what is right of it as
NAME.partial, with holes where bytes are lost. What has lost its name goes to lost+found below DIR.
Prints first what is not back, and what to do about it; then one line for each file that is not intact.

examples:
  pybackup salvage scratched.iso --to /tmp/back
  pybackup salvage scratched.xtar --to /tmp/back --partial drop --report /tmp/report.json
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_copies(parser)
    placing = add_placing(parser)
    placing.add_argument(
        "--partial",
        choices=("keep", "drop"),
        default="keep",
        help="what becomes of files of which only a part is right (default: keep, as NAME.partial)",
    )
    add_workers(placing)
    parser.add_argument(
        "--work-dir",
        metavar="DIR",
        type=argument(directory),
        help="where the repaired image lies meanwhile (default: beside DIR)",
    )
    parser.add_argument(
        "--report", metavar="FILE", type=argument(path), help="write what became of every file: FILE.json or FILE.html"
    )
    add_talk(parser, verbose=True)


def perform(options: argparse.Namespace) -> int:
    """Salvage, report, and say what would bring back the rest."""
    from pybackup.jobs.salvage import rescue
    from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX
    from pybackup.restore.plan import RestoreOptions

    if options.report is not None and not options.report.endswith((b".json", b".html")):
        raise UsageError("--report: a report ends in .json or .html")
    read = (*options.copies, *(each + SIDECAR_SUFFIX for each in options.copies), *options.map)
    check_report(options.report, read, replace=options.overwrite != "never")
    with talk_of(options, options.copies[0], {Trouble.LOST, Trouble.DAMAGED}) as talk:
        rescued = rescue(
            options.copies,
            options.to,
            maps=options.map,
            work_dir=options.work_dir,
            options=RestoreOptions(
                placing_of(options), workers=options.workers, keep_partial=options.partial == "keep"
            ),
            monitor=talk,
        )
        done = rescued.salvaged
        talk.end()
        if options.report is not None:
            _write_report(options, rescued, talk)
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
    """What is not back, and what a person can do about it."""
    lost, partial, unplaced = (done.counts[fate] for fate in (Fate.LOST, Fate.PARTIAL, Fate.UNPLACED))
    said = [f"{count(lost, 'file')} lost"] if lost else []
    said += [f"{count(partial, 'file')} back in part"] if partial else []
    if done.missing is None:
        said.append("maybe more that nothing tells of")
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
    """How much of a file is back, and how much of that nothing vouches for."""
    size = humane_bytes(verdict.size)
    proved = f"{humane_bytes(verdict.present.n_bytes)} of {size}"
    if not verdict.plausible:
        return proved
    return f"{proved} proved right, {humane_bytes(verdict.plausible.n_bytes)} more as they were read"


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


def _write_report(options: argparse.Namespace, done: Rescued, talk: Talk) -> None:
    is_page = options.report.endswith(b".html")
    pieces = _page(options, done, talk) if is_page else [json_line(_report(options, done.salvaged, talk))]
    write_page(options.report, pieces, options.copies, replace=options.overwrite != "never")


def _page(options: argparse.Namespace, rescued: Rescued, talk: Talk) -> Iterator[bytes]:
    from ..pages.salvage_page import map_salvaged, render_salvage

    done = rescued.salvaged
    volume = map_salvaged(done, rescued.image_bytes, health=rescued.health, repaired=rescued.repaired)
    salvaged = f"salvaged {local_time(time.time())}"
    return render_salvage(options.copies, options.to, done, volume, problems=talk.problems, salvaged=salvaged)


def _report(options: argparse.Namespace, done: Restored, talk: Talk) -> dict[str, Any]:
    return {
        "images": [json_name(image) for image in options.copies],
        "target": json_name(options.to),
        "complete": done.complete,
        "counts": {fate.value: number for fate, number in done.counts.items()},
        "content_bytes": done.n_bytes,
        "plausible_bytes": done.plausible_bytes,
        "found_by": done.way,
        "missing": done.missing,
        "damage": list(done.damage),
        "files": [_json_file(verdict) for verdict in done.verdicts],
        "unnamed": [_json_unnamed(found) for found in done.unnamed],
        "problems": json_problems(talk),
    }


def _json_file(verdict: FileVerdict) -> dict[str, Any]:
    fields: dict[str, Any] = {"path": json_name(verdict.path), "fate": verdict.fate.value, "size": verdict.size}
    if verdict.reason:
        fields |= {
            "reason": verdict.reason,
            "needed": verdict.needed,
            "needed_bytes": _json_extents(verdict.wanted),
            "present": _json_extents(verdict.present),
            "plausible": _json_extents(verdict.plausible),
            "placed_as": json_name(verdict.placed_as) if verdict.placed_as else None,
        }
    return fields


def _json_unnamed(found: UnnamedFile) -> dict[str, Any]:
    return {
        "offset": found.offset,
        "name": json_name(found.name),
        "fate": found.fate.value,
        "size": found.size,
        "reason": found.reason,
        "present": _json_extents(found.present),
        "plausible": _json_extents(found.plausible),
        "placed_as": json_name(found.placed_as) if found.placed_as else None,
    }


def _json_extents(extents: Extents) -> list[list[int]]:
    return [[start, end] for start, end in extents]
