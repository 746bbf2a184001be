"""pybackup export."""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pybackup.options.exporting import ExportRequest

from ..asking import ask_for_volumes
from ..json_form import fields_of, json_line
from ..monitor import Talk
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude, tell_condition
from ..streams import deliver
from ..text import count, display, duration, humane_bytes

if TYPE_CHECKING:
    from pybackup.foreign.formats import ExportFormat
    from pybackup.restore.export import Exported

EPILOG = """\
The suffix of FILE decides the format: .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz. Notes name what the format cannot store
(zip: links, attributes, holes, ...). FILE gets its name when it is complete; each file in it was checked.
FILE.json gets a list of the tree: names, and the SHA-256 of each file, wherever in a chain its content is.
ARCHIVE, MORE and PATTERN are as for extract. Damage is repaired on the way; what is lost is left out and named.

examples:
  pybackup export docs.xtar --to docs.zip
  pybackup export docs.xtar docs/letters --to letters.tar.gz
  pybackup export volumes --to /mnt/stick/all.tar.xz
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, ExportRequest)
    add_talk(parser, verbose=True)


def perform(options: argparse.Namespace) -> int:
    """Write the zip, tar or list; return the exit status."""
    from pybackup.archive.open import open_archive
    from pybackup.foreign.formats import ExportFormat
    from pybackup.jobs.export import export
    from pybackup.mend.identify import IdentifyingMender

    with ExitStack() as stack:
        talk = stack.enter_context(talk_of(options, options.archive))
        kind = asked_of(ExportRequest, options, talk).chosen_format()
        start = time.monotonic()
        identifying = stack.enter_context(IdentifyingMender(options.work_dir, talk))
        named = options.archive, options.patterns
        is_state = kind is ExportFormat.JSON
        archive = stack.enter_context(open_archive(*named, with_earlier=is_state, mended=identifying, monitor=talk))
        if archive.volume_set and not is_state:
            archive = ask_for_volumes(archive, options.patterns, stack, talk)
        tell_condition(archive.listing, talk)
        done = export(
            archive,
            archive.patterns,
            options.to,
            kind,
            overwrite=options.overwrite,
            work_dir=options.work_dir,
            monitor=talk,
        )
        for what, entries in done.dropped.items():
            talk.note(f"{kind} does not hold {what}: {count(entries, 'entry', 'entries')}")
        status = conclude(talk, _summary(done, options.to, time.monotonic() - start, talk))
        if options.json:
            deliver([_json(done, kind, options, talk)])
        return status


def _summary(done: Exported, target: bytes, seconds: float, talk: Talk) -> str:
    parts = [
        count(done.files, "file"),
        f"{humane_bytes(done.content_bytes)} in {humane_bytes(done.n_bytes)}",
        duration(seconds),
        count(len(talk.problems), "problem"),
    ]
    return f"{display(target)}: {', '.join(parts)}"


def _json(done: Exported, kind: ExportFormat, options: argparse.Namespace, talk: Talk) -> bytes:
    counts = fields_of(done, "entries", "files", "content_bytes", bytes="n_bytes")
    dropped = [{"what": what, "entries": entries} for what, entries in done.dropped.items()]
    names = {"archive": options.archive, "target": options.to, "format": kind.value}
    return json_line({**names, **counts, "not_held": dropped, "problems": talk.problems})
