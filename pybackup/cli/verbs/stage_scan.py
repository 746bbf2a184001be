"""pybackup stage scan."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pybackup.options.stages import StageScanRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..recording import add_recording
from ..results import conclude
from ..stages import json_closed, record_closed, tell_closed
from ..streams import deliver, deliver_lines
from ..text import count, display, duration, humane_bytes

if TYPE_CHECKING:
    from pybackup.jobs.stage_scan import StageScanning
    from pybackup.stage.values import StageChange

EPILOG = """\
Compares each file with how the last scan left it, and copies new and changed files for the open disc, with their
hashes; where the file system can, a copy shares its blocks with the file. A file that was renamed or copied, so that a
disc has its content already, is listed but not copied again. A file that changed just now waits for a later scan, as
does one that changes while it is copied. A scan that is killed loses nothing: the next one goes on.

The disc is closed when it is as full as 'stage init' was told, or when the next file has no room on it. If a file
changes several times before its disc is closed, the last version is on it. A file that is larger than a disc is divided
over several, which are closed together when the last of them is full; all of them are needed to read it. Exit status 1:
a file could not be read, or a disc could not be burnt. 'pybackup stage monitor' is the same.

examples:
  pybackup stage scan /srv/stage/music
  pybackup stage scan /srv/stage/music --quiet       # for cron: says nothing unless something is wrong
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, StageScanRequest)
    add_recording(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Scan, and print each change as it is made."""
    from pybackup.jobs.stage_scan import StageScanning

    with talk_of(options, options.staging) as talk:
        start = time.monotonic()
        scanning = StageScanning(asked_of(StageScanRequest, options, talk), talk)
        if options.json:
            deliver(map(_json, scanning))
        elif options.quiet:
            for _ in scanning:
                pass
        else:
            deliver_lines(_lines(scanning))
        record_closed(options, scanning.closed, talk)
        if options.json:
            what = fields_of(scanning.counts, "files", "staged", "staged_bytes", "known", "deleted", "waiting")
            closed = [json_closed(each) for each in scanning.closed]
            deliver([json_line({**what, "closed": closed, "problems": talk.problems})])
        tell_closed(scanning.closed, talk)
        return conclude(talk, _summary(scanning, time.monotonic() - start))


def _lines(scanning: StageScanning) -> Iterator[str]:
    for change in scanning:
        yield f"{display(change.path)}: {_words(change)}"


def _words(change: StageChange) -> str:
    from pybackup.stage.values import ChangeKind

    other = display(change.other)
    if change.kind is ChangeKind.RENAMED:
        return f"renamed from {other}, its content is on disc {change.disc}"
    if change.kind is ChangeKind.ALIKE:
        return f"same content as {other}, on disc {change.disc}"
    return f"waits: {other}" if change.kind is ChangeKind.WAITS else change.kind.value


def _json(change: StageChange) -> bytes:
    from pybackup.stage.values import ChangeKind

    waits = change.kind is ChangeKind.WAITS
    return json_line(
        {
            **fields_of(change, "path", "kind", "size", "disc"),
            "other": change.other if change.other and not waits else None,
            "reason": change.other.decode() if waits else None,
        }
    )


def _summary(scanning: StageScanning, seconds: float) -> str:
    counts = scanning.counts
    parts = [count(counts.files, "file"), f"{counts.staged:,} staged ({humane_bytes(counts.staged_bytes)})"]
    for number, what in ((counts.known, "known by content"), (counts.deleted, "deleted"), (counts.waiting, "waiting")):
        parts += [f"{number:,} {what}"] * bool(number)
    return f"{', '.join(parts)}, {duration(seconds)}"
