"""pybackup catalogue verify."""

from __future__ import annotations

import argparse
import os
from typing import Any

from pybackup.errors import UsageError
from pybackup.options.values import directory, path

from ..catalogue import add_catalogue, opened
from ..json_form import fields_of, json_line
from ..options import add_talk, argument, talk_of
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, humane_bytes, printable

EPILOG = """\
Reads a medium, such as a disc in the drive, and compares each file with the hash in the catalogue; the result is
entered in the medium's history. An archive is checked as by 'verify --deep', and its index is compared with the
catalogue. With --against a directory, live or extracted, is compared with the files of the media; no disc is needed.

examples:
  pybackup catalogue verify 'photo drive'
  pybackup catalogue verify 'holidays 2009' --at /dev/sr0
  pybackup catalogue verify 'docs 1' 'docs 2' --against ~/docs
"""

_STATUSES = {"": Status.DONE, "intact": Status.DONE, "repairable": Status.REPAIRABLE, "beyond": Status.BEYOND}


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add = parser.add_argument
    add("media", metavar="MEDIUM", nargs="+", help="labels of media, or how they begin; see 'catalogue list'")
    add("--at", metavar="PATH", type=argument(path), help="where it is: a drive, mounted or not, an image, a directory")
    add("--against", metavar="DIR", type=argument(directory), help="compare this directory, not the media themselves")
    add_catalogue(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Compare a medium, or a directory, with the hashes of the catalogue."""
    if options.against is not None and options.at is not None:
        raise UsageError("catalogue verify: --at says where the medium is; --against needs none")
    if options.against is None and len(options.media) > 1:
        raise UsageError("catalogue verify: one medium at a time; with --against several are compared together")
    with talk_of(options, b"") as talk, opened(options) as catalogue:
        from pybackup.catalogue.media import find_medium
        from pybackup.jobs.catalogue_verify import compare_directory, verify_medium

        media = [find_medium(catalogue, label) for label in options.media]
        if options.against is not None:
            done = compare_directory(catalogue, media, options.against, talk)
        else:
            done = verify_medium(catalogue, media[0], _place_of(options, media[0].label, media[0].location), talk)
        talk.end()
        if options.json:
            fields: dict[str, Any] = {"media": [known.label for known in media], "state": done.state or None}
            fields |= fields_of(done, "files", "unknown", bytes="n_bytes")
            fields["differences"] = [{"path": where, "kind": how} for where, how in done.differences]
            deliver([json_line(fields)])
        elif not options.quiet:
            labels = printable(", ".join(known.label for known in media))
            state = f"{done.state}: " if done.state else ""
            unknown = f", {count(done.unknown, 'file')} without a hash to compare" if done.unknown else ""
            differ = count(len(done.differences), "difference")
            same = f"{count(done.files, 'file')}, {humane_bytes(done.n_bytes)} as in the catalogue"
            deliver_lines([f"{labels}: {state}{same}, {differ}{unknown}"])
        status = conclude(talk)
        return _STATUSES[done.state] or status


def _place_of(options: argparse.Namespace, label: str, location: bytes) -> bytes:
    where: bytes = options.at or location
    if not where:
        raise UsageError(f"{printable(label)}: a disc is in any drive: say in which by --at")
    if not os.path.exists(where):
        raise UsageError(f"{os.fsdecode(where)}: no such file or directory")
    return where
