"""pybackup mount."""

from __future__ import annotations

import argparse

from pybackup.options.reading import MountRequest

from ..json_form import json_line
from ..options import add_options, add_talk, talk_of
from ..results import conclude
from ..streams import deliver

EPILOG = """\
Runs until the archive is unmounted with 'fusermount3 -u DIR' or 'umount DIR', or until Ctrl-C. Files are decoded when
they are read. The user who mounts can read all files, others only with --allow-other. Reading a lost part of a damaged
archive gives an input/output error, and is a problem. Of a chain, each run is a directory named by its time, and the
link latest points to the newest; name all archives of a chain, in any order. Needs the Python package mfusepy, and
Debian's libfuse3 and fuse3 (or version 2 of these).

examples:
  pybackup mount docs.xtar /mnt
  pybackup mount volumes /mnt
  pybackup mount monday.xtar tuesday.xtar wednesday.xtar /mnt
  pybackup mount docs /mnt --allow-other
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, MountRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Mount the archive, and wait until it is unmounted; return the exit status."""
    from pybackup.jobs.mount import mount
    from pybackup.mend.identify import IdentifyingMender

    with talk_of(options, options.archives[0]) as talk, IdentifyingMender(None, talk) as mender:
        mount(
            options.archives,
            options.directory,
            catalogue=options.catalogue,
            mended=mender,
            allow_other=options.allow_other,
            monitor=talk,
        )
        if options.json:
            deliver([json_line({"directory": options.directory, "problems": talk.problems})])
        return conclude(talk)
