"""pybackup disc label."""

from __future__ import annotations

import argparse

from pybackup.options.discs import DiscLabelRequest

from ..json_form import json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..streams import deliver
from ..text import display

EPILOG = """\
Writes DIR/NAME-disc.svg, for a printable disc of 120 mm, and DIR/NAME-case.svg, for the front of a jewel case. They
show the set, the disc's number, the date of the newest file, the largest directories, and what to do if the disc reads
badly.

examples:
  pybackup disc label volumes --to labels
  pybackup disc label docs-003.xtar --shape case --discs 12 --to labels
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, DiscLabelRequest)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Write the labels; return the exit status."""
    from pybackup.disc.label import make_all_labels
    from pybackup.disc.volume import archives_in

    with talk_of(options, options.volumes[0]) as talk:
        named = archives_in(options.volumes)
        shapes, overwrite = asked_of(DiscLabelRequest, options, talk).shapes(), options.overwrite
        for made in make_all_labels(
            named, options.to, discs=options.discs, shapes=shapes, overwrite=overwrite, monitor=talk
        ):
            talk.summary(", ".join(map(display, made.paths)))
            if options.json:
                fields = {"volume": made.volume.path, "label": made.volume.label, "files": made.paths}
                deliver([json_line(fields)])
        return conclude(talk)
