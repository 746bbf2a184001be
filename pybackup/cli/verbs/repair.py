"""pybackup repair."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pybackup.errors import UsageError
from pybackup.options.mending import RepairRequest
from pybackup.sector import SECTOR

from ..json_form import fields_of, json_line
from ..options import add_option, add_options, add_talk, talk_of
from ..recording import add_recording, record_repair, recording
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes

if TYPE_CHECKING:
    from pybackup.mend.repaired import Moved, Repaired

_SHOWN = 10
EPILOG = """\
Several copies damaged in different places are merged sector by sector; sectors that no copy has are rebuilt from
parity. A COPY is a file, a device, or a directory of pieces. A sidecar COPY.xpar beside it is used too.
--in-place overwrites only bad sectors, and only with bytes whose checksums are right. It is refused if much data was
appended to the first COPY, since that would be cut off.

examples:
  pybackup repair scratched.xtar -o whole.xtar
  pybackup repair disc1.iso disc2.iso --map disc1.map --map disc2.map -o disc.iso
  pybackup repair scratched.xtar --in-place
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, RepairRequest, without=("output",))
    where = parser.add_mutually_exclusive_group(required=True)
    add_option(where, RepairRequest, "output")
    where.add_argument("--in-place", action="store_true", help="repair the first COPY itself")
    add_recording(parser, checks=True)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Merge the copies, rebuild the rest from parity, and print the outcome; return the exit status."""
    from pybackup.jobs.repair import repair

    if options.in_place and options.overwrite:
        raise UsageError("repair: --overwrite is for -o FIXED; --in-place always overwrites just the bad sectors")
    with talk_of(options, options.copies[0]) as talk, recording(options):
        done = repair(
            options.copies,
            options.output,
            maps=options.map,
            work_dir=options.work_dir,
            overwrite=options.overwrite,
            monitor=talk,
        )
        talk.end()
        record_repair(options, done, talk)
        if options.json:
            deliver([_json(done)])
        else:
            deliver_lines(_lines(options, done))
        if done.left:
            return Status.REPAIRABLE if done.nothing_lost else Status.BEYOND
        return conclude(talk)


def _lines(options: argparse.Namespace, done: Repaired) -> Iterator[str]:
    if done.complete and options.quiet and not done.damaged:
        return
    name = display(done.path)
    if not done.damaged and done.appended_bytes:
        yield f"{name}: intact, but for what was appended"
    elif not done.damaged:
        yield f"{name}: intact, nothing to repair"
    elif done.complete:
        # Sectors that were only shifted were never bad; they are printed on a line of their own.
        bad = done.damaged - sum(moved.n_bytes for moved in done.moved) // SECTOR
        what = f"repaired: {count(bad, 'bad sector')}" if bad > 0 else "put back in place"
        yield f"{name}: {what}, all bytes are what they were"
    else:
        yield f"{name}: {count(done.left, 'sector')} of {count(done.damaged, 'bad one')} left"
    if done.damaged:
        yield from (f"  {count(sectors, 'sector')} from {display(copy)}" for copy, sectors in done.taken if sectors)
        yield from (f"  {_moved(moved)}" for moved in done.moved)
        if done.mended:
            yield f"  {count(done.mended, 'sector')} rebuilt from parity"
    if done.appended_bytes:
        yield f"  {count(done.appended_bytes, 'byte')} behind the end left out"
    if done.groups_beyond:
        yield f"  beyond repair: {count(done.groups_beyond, 'group')} of {done.geometry.groups}"
    shown = done.left_extents.ranges[:_SHOWN]
    yield from (f"  left: bytes {start} to {end}" for start, end in shown)
    if more := len(done.left_extents.ranges) - len(shown):
        yield f"  left: {count(more, 'stretch', 'stretches')} more (--json has all of them)"
    if done.nothing_lost:
        yield "  no content is lost: 'pybackup extract' restores all of it; archive it anew, or add another copy"
    elif done.left:
        yield "  another copy would help; 'pybackup salvage' restores the files that are whole"


def _moved(moved: Moved) -> str:
    way = "inserted" if moved.moved_bytes > 0 else "lost"
    size, by = humane_bytes(moved.n_bytes), count(abs(moved.moved_bytes), "byte")
    return f"{size} realigned in {display(moved.copy)} from {moved.offset} on: {by} {way}"


def _json(done: Repaired) -> bytes:
    return json_line(
        {
            "file": done.path,
            "complete": done.complete,
            "sectors": done.geometry.sectors,
            **fields_of(done, damaged_sectors="damaged", mended_sectors="mended", left_sectors="left"),
            "nothing_lost": done.complete or done.nothing_lost,
            "appended_bytes": done.appended_bytes,
            "left": done.left_extents,
            "groups": done.geometry.groups,
            "groups_beyond": done.groups_beyond,
            "taken": [{"copy": copy, "sectors": sectors} for copy, sectors in done.taken],
            "realigned": [
                {**fields_of(moved, "copy", "offset", bytes="n_bytes"), "moved_bytes": moved.moved_bytes}
                for moved in done.moved
            ],
        }
    )
