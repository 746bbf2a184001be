"""pybackup disc label."""

from __future__ import annotations

import argparse

from ..options import add_overwrite, add_talk, talk_of
from ..results import conclude
from ..streams import deliver
from ..text import display, json_line, json_name
from ..values import argument, path, positive

EPILOG = """\
Writes DIR/NAME-disc.svg, for a printable disc of 120 mm, and DIR/NAME-case.svg, the front of a jewel case: the set, the
number, the date of the newest file, the topmost directories and their sizes, and what to do when the disc reads badly.

examples:
  pybackup disc label volumes --to labels
  pybackup disc label docs-003.xtar --shape case --discs 12 --to labels
"""
_SHAPES = {"disc": ("disc",), "case": ("case",), "both": ("disc", "case")}


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "volumes", metavar="VOLUME", nargs="+", type=argument(path), help="an archive, or a directory of volumes"
    )
    parser.add_argument("--to", metavar="DIR", required=True, type=argument(path), help="where labels go; made")
    parser.add_argument("--shape", choices=tuple(_SHAPES), default="both", help="which label (default: both)")
    parser.add_argument(
        "--discs", metavar="N", type=argument(positive), help="how many the set has (default: as its last volume says)"
    )
    add_overwrite(parser, "a label")
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Write the labels."""
    from pybackup.disc.label import make_all_labels
    from pybackup.disc.volume import archives_in

    with talk_of(options, options.volumes[0]) as talk:
        named = archives_in(options.volumes)
        shapes, overwrite = _SHAPES[options.shape], options.overwrite
        for made in make_all_labels(named, options.to, discs=options.discs, shapes=shapes, overwrite=overwrite):
            talk.summary(", ".join(map(display, made.paths)))
            if options.json:
                labels = [json_name(name) for name in made.paths]
                fields = {"volume": json_name(made.volume.path), "label": made.volume.label, "files": labels}
                deliver([json_line(fields)])
        return conclude(talk)
