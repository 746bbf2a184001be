"""pybackup chain merge."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from pybackup.options.making import ChainMergeRequest

from ..json_form import fields_of, json_line
from ..monitor import Talk
from ..options import add_options, add_talk, asked_of, talk_of
from ..recording import record_archives
from ..results import conclude
from ..streams import deliver
from ..text import count, display, duration, humane_bytes, size_ratio

if TYPE_CHECKING:
    from pybackup.make.run import Created

EPILOG = """\
Makes a full archive, which does not need the ones it was made of; the next run of the chain builds on it. If nothing
was missing, it has the same bytes as if a full run had made it. CHAIN, MORE and TIME are as for restore.

examples:
  pybackup chain merge docs -o docs-2026.xtar
  pybackup chain merge monday.xtar tuesday.xtar -o both.xtar --at oldest
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, ChainMergeRequest)
    add_talk(parser, verbose=True)


def perform(options: argparse.Namespace) -> int:
    """Merge the chain, and record the new archive in the catalogue; return the exit status."""
    from pybackup.jobs.chain_merge import merge_asked

    with talk_of(options, options.chain) as talk:
        start = time.monotonic()
        made = merge_asked(asked_of(ChainMergeRequest, options, talk), talk)
        record_archives(options, [made.path], talk)
        status = conclude(talk, _summary(made, time.monotonic() - start, talk))
        if options.json:
            counts = fields_of(made, "entries", "files", "content_bytes", "archive_bytes")
            deliver([json_line({"archive": made.path, **counts, "problems": talk.problems})])
        return status


def _summary(made: Created, seconds: float, talk: Talk) -> str:
    sizes = f"{humane_bytes(made.content_bytes)} in, {humane_bytes(made.archive_bytes)} out"
    ratio = size_ratio(made.archive_bytes, made.content_bytes)
    parts = [count(made.files, "file"), f"{sizes} ({ratio})", duration(seconds), count(len(talk.problems), "problem")]
    return f"{display(made.path)}: {', '.join(parts)}"
