"""pybackup mount."""

from __future__ import annotations

import argparse

from pybackup.options.reading import MountRequest

from ..json_form import json_line
from ..options import add_options, add_talk, talk_of
from ..results import conclude
from ..streams import deliver

EPILOG = """\
It stays until it is unmounted, by 'fusermount3 -u DIR' or 'umount DIR', or by Ctrl-C here. Files are decoded as they
are read: all of them by whoever mounts them, and by nobody else without --allow-other. Of a damaged archive what is
whole can be read; the rest gives an input/output error, and is a problem. Of a chain each run is a directory called by
its time, and latest links to the newest; archives of a chain are named together, in any order. Needs the Python package
mfusepy, and Debian's libfuse3 and fuse3 (or those of version 2).

examples:
  pybackup mount docs.xtar /mnt
  pybackup mount volumes /mnt
  pybackup mount monday.xtar tuesday.xtar wednesday.xtar /mnt
  pybackup mount docs /mnt --allow-other
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_options(parser, MountRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Mount, and wait until it is unmounted."""
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
