"""pybackup unpack."""

from __future__ import annotations

import argparse
import time

from pybackup.options.reading import UnpackRequest

from ..json_form import json_line
from ..options import add_options, add_talk, talk_of
from ..results import conclude
from ..streams import deliver
from ..text import count, display, duration, humane_bytes

EPILOG = """\
Writes each file as NAME.7z into its directory, from which 7z extracts it; a long file as NAME.part0001.7z and so on,
whose contents cat joins.

example:
  pybackup unpack docs.xtar --to /tmp/members
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, UnpackRequest)
    add_talk(parser, verbose=True)


def perform(options: argparse.Namespace) -> int:
    """Write the tree of .7z files; return the exit status."""
    from pybackup.restore.unpack import unpack

    with talk_of(options, options.archive) as talk:
        start = time.monotonic()
        done = unpack(options.archive, options.to, monitor=talk)
        parts = [count(done.members, "member"), humane_bytes(done.n_bytes), duration(time.monotonic() - start)]
        parts.append(count(len(talk.problems), "problem"))
        status = conclude(talk, f"{display(options.to)}: {', '.join(parts)}")
        if options.json:
            fields = {
                "archive": options.archive,
                "target": options.to,
                "members": done.members,
                "packed_bytes": done.n_bytes,
                "problems": talk.problems,
            }
            deliver([json_line(fields)])
        return status
