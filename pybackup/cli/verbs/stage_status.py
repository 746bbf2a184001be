"""pybackup stage status."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pybackup.options.stages import StageRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, argument, asked_of, talk_of
from ..pages import check_report, page_path, write_page
from ..results import conclude
from ..stages import covers_of
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, local_time, percentage

if TYPE_CHECKING:
    from pybackup.jobs.stage_status import DiscStanding, StageStatus
    from pybackup.stage.values import StagedDisc

EPILOG = """\
Shows the stage as the last scan left it: its directories, the open disc and how full it is, and each other disc (built:
its image waits to be burnt; burnt: it was read as a disc; lost), whether it is due for a check, which discs a recovery
disc covers, and which lost disc can be rebuilt. Then each file that
waits, why and since when. The files of the open disc are not on a real disc yet.

examples:
  pybackup stage status /srv/stage/music
  pybackup stage status /srv/stage/music --json
  pybackup stage status /srv/stage/music --html music.html
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, StageRequest)
    add = parser.add_argument
    add("--html", metavar="FILE", type=argument(page_path), help="also write FILE.html for a browser")
    add("--overwrite", action="store_true", help="replace the page if it exists")
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Show the status of a stage."""
    from pybackup.jobs.stage_status import status_of_stage

    check_report(options.html, (), replace=options.overwrite)
    with talk_of(options, options.staging) as talk:
        status = status_of_stage(asked_of(StageRequest, options, talk))
        if options.html is not None:
            from ..pages.stage_page import render_stage

            write_page(options.html, render_stage(status), [status.staging], replace=options.overwrite)
        if options.json:
            deliver([_json(status)])
        else:
            deliver_lines(_lines(status))
        return conclude(talk)


def _lines(status: StageStatus) -> Iterator[str]:
    from pybackup.stage.values import discs_of

    settings, disc = status.settings, status.open_disc
    scanned = local_time(status.last_scan_ns / 1e9) if status.last_scan_ns else "never"
    content = f"{count(status.files, 'file')}, {humane_bytes(status.content_bytes)}"
    yield f"watched      {display(settings.watched)}: {content}"
    yield f"staging      {display(status.staging)}, its state {humane_bytes(status.state_bytes)}"
    yield f"last scan    {scanned}, by {settings.compare.value}"
    yield (
        f"discs        {humane_bytes(settings.medium_bytes)}, {humane_bytes(settings.capacity_bytes)} of it for files, "
        f"closed at {humane_bytes(settings.full_bytes)} ({settings.threshold:.0%}): {settings.on_full.value}"
    )
    if settings.recovery_every:
        discs = count(settings.recovery_volumes, "recovery disc")
        yield f"recovery     {discs} after every {count(settings.recovery_every, 'disc')}"
    if disc is not None:
        used = f"{humane_bytes(disc.used_bytes)} ({percentage(disc.used_bytes, settings.capacity_bytes)})"
        several = discs_of(settings, disc.used_bytes)
        becomes = f", divided over {several} discs" if several > 1 else ""
        yield f"open disc    {disc.name}: {count(disc.files, 'file')} on no disc yet, {used}{becomes}"
    waiting = sum(each.disc.state == "built" for each in status.discs)
    yield f"to be burnt  {count(waiting, 'image')}"
    if status.lost_files:
        yield f"lost         {count(status.lost_files, 'file')} on lost discs alone: the next scan stages them again"
    for each in status.discs:
        yield _disc_line(each)
    for file in status.waiting:
        since = local_time(file.since_ns / 1e9)
        yield f"waits        {display(file.path)}  {humane_bytes(file.size)}  {file.reason.value}, since {since}"


def _disc_line(each: DiscStanding) -> str:
    disc = each.disc
    parts = [f"{disc.name:12}", disc.state.value]
    parts += [covers_of(each)] if each.covers else [count(disc.files, "file"), humane_bytes(disc.content_bytes)]
    if disc.closed_ns:
        parts.append(f"closed {local_time(disc.closed_ns / 1e9)}")
    if disc.checked_ns:
        parts.append(f"checked {local_time(disc.checked_ns / 1e9)}")
    if each.is_due:
        parts.append("due for a check")
    if each.rebuild_from:
        parts.append(f"can be rebuilt from {', '.join(each.rebuild_from)} and the discs covered with it")
    return "  ".join(parts)


def _json(status: StageStatus) -> bytes:
    settings = status.settings
    return json_line(
        {
            **fields_of(
                settings,
                "watched",
                "name",
                "medium_bytes",
                "capacity_bytes",
                "full_bytes",
                "compare",
                "on_full",
                "recovery_every",
                "recovery_volumes",
            ),
            **fields_of(status, "staging", "last_scan_ns", "files", "content_bytes", "lost_files", "state_bytes"),
            "open_disc": _json_disc(status.open_disc) if status.open_disc else None,
            "discs": [
                {**_json_disc(each.disc), "due": each.is_due, **fields_of(each, "covers", "rebuild_from")}
                for each in status.discs
            ],
            "waiting": [fields_of(each, "path", "size", "reason", "since_ns") for each in status.waiting],
        }
    )


def _json_disc(disc: StagedDisc) -> dict[str, object]:
    return fields_of(
        disc, "number", "name", "state", "opened_ns", "closed_ns", "checked_ns", "image_bytes", "files",
        "content_bytes", "used_bytes",
    )  # fmt: skip
