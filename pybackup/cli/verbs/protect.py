"""pybackup protect."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from pybackup.errors import UsageError

from ..options import add_parity, add_talk, talk_of
from ..results import conclude
from ..streams import deliver
from ..text import count, display, duration, humane_bytes, json_line, json_name, percentage
from ..values import argument, directory, path

if TYPE_CHECKING:
    from pybackup.jobs.protect import Protected

EPILOG = """\
The file is not touched. A sidecar that is there already is replaced, but not if it says that the file is damaged: it
may be all that brings the rest back. Where FILE.xpar lies beside FILE, verify, repair and salvage find it.

examples:
  pybackup protect old.tar.gz
  pybackup protect disc.iso --parity 20% -o /mnt/usb/disc.iso.xpar
  pybackup protect disc.iso --parity fill:700M
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("file", metavar="FILE", type=argument(path), help="any file, image or device")
    parser.add_argument(
        "-o", "--output", metavar="FILE.xpar", type=argument(path), help="the sidecar (default: FILE.xpar)"
    )
    protection = parser.add_argument_group("protection")
    add_parity(protection)
    protection.add_argument(
        "--work-dir",
        metavar="DIR",
        type=argument(directory),
        help="where temporary files go (default: beside the sidecar)",
    )
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Write the sidecar."""
    from pybackup.jobs.protect import SIDECAR_SUFFIX, ParityOptions, protect_file

    sidecar = options.output or options.file + SIDECAR_SUFFIX
    if sidecar == options.file:
        raise UsageError("the sidecar cannot replace what it protects: give -o another name")
    parity = ParityOptions(options.parity, True, options.group_sectors)
    with talk_of(options, options.file) as talk:
        start = time.monotonic()
        done = protect_file(options.file, sidecar, parity, work_dir=options.work_dir, monitor=talk)
        status = conclude(talk, _summary(done, time.monotonic() - start))
        if options.json:
            deliver([_json(done)])
        return status


def _summary(done: Protected, seconds: float) -> str:
    shape = done.geometry
    parity = f"{count(shape.parity_sectors, 'sector')} of parity" if shape.groups else "checksums only"
    size = f"{humane_bytes(done.stream_bytes)} ({percentage(done.stream_bytes, done.protected_bytes)})"
    return f"{display(done.sidecar)}: {parity} for {count(shape.data_sectors, 'sector')}, {size}, {duration(seconds)}"


def _json(done: Protected) -> bytes:
    shape = done.geometry
    return json_line(
        {
            "file": json_name(done.path),
            "sidecar": json_name(done.sidecar),
            "protected_bytes": done.protected_bytes,
            "sidecar_bytes": done.stream_bytes,
            "data_sectors": shape.data_sectors,
            "parity_sectors": shape.parity_sectors,
            "groups": shape.groups,
        }
    )
