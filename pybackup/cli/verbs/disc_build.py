"""pybackup disc build."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from pybackup.errors import FormatError, UsageError
from pybackup.options.discs import DiscBuildRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..recording import add_recording, record_for_discs, recording
from ..results import conclude
from ..statuses import Status, status_of
from ..streams import deliver
from ..text import count, display, duration, humane_bytes, percentage, printable, reason_of

if TYPE_CHECKING:
    from pybackup.disc.names import DiscNames
    from pybackup.disc.plan_build import BuildPlan

    from ..monitor import Talk

EPILOG = """\
Each volume becomes one image, DIR/NAME.iso: the volume, README.TXT for whoever finds the disc, FORMAT.TXT, RESCUE.PY,
the list of the set's files, also as CATALOGUE.SQLITE (compressed if it would take much of the disc), SHA256SUMS, and
parity over everything, file system included. The same volume always gives the same image, byte for byte. An image fits
the disc that its volume was made for; a note says if that leaves less room for parity than asked for.

examples:
  pybackup disc build docs.xtar --medium cd700 --to images
  pybackup disc build volumes --to images
  pybackup disc build docs.xtar --medium dvd --parity fill --to images
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, DiscBuildRequest)
    parser.add_argument("--dry-run", action="store_true", help="only show what would be built")
    add_recording(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Build the images, and go on if one of several cannot be built; return the exit status."""
    from pybackup.disc.build import phases_of_build
    from pybackup.disc.names import DiscNames
    from pybackup.disc.volume import archives_in

    with talk_of(options, options.volumes[0]) as talk, recording(options):
        volumes, names, status = archives_in(options.volumes), DiscNames(), Status.DONE
        if not options.dry_run:
            talk.plan([phase for volume in volumes for phase in phases_of_build(volume)])
        for volume in volumes:
            try:
                _build(options, volume, names, talk)
            except (UsageError, FormatError) as error:
                if len(volumes) == 1:
                    raise
                talk.say(f"pybackup: {printable(reason_of(error))}")
                status = max(status, status_of(error))
        problems = conclude(talk)
        return status or problems


def _build(options: argparse.Namespace, volume: bytes, names: DiscNames, talk: Talk) -> None:
    from pybackup.disc.build import perform_build
    from pybackup.disc.plan_build import plan_build

    start = time.monotonic()
    how = asked_of(DiscBuildRequest, options, talk).building()
    plan = plan_build(volume, options.to, how, names)
    if plan.parity.cut:
        than = "was asked for" if options.parity else f"{_usual(plan)} the volume has"
        talk.note(f"{display(volume)}: the disc leaves room for {_parity(plan)} of parity, less than {than}")
    if plan.outgrown_bytes:
        size, said = humane_bytes(plan.layout.n_bytes), humane_bytes(plan.outgrown_bytes)
        talk.note(f"{display(volume)}: its image takes {size}, more than the {said} that its volume was made for")
    if options.dry_run:
        talk.summary(f"{display(plan.output)}: {_shape(plan)}; nothing written")
    else:
        built = perform_build(plan, talk)
        record_for_discs(options, [built.path], talk)
        talk.summary(f"{display(built.path)}: {_shape(plan)}, {duration(time.monotonic() - start)}")
    if options.json:
        with talk.aside():
            deliver([_json(plan)])


def _shape(plan: BuildPlan) -> str:
    size = humane_bytes(plan.layout.n_bytes)
    if plan.medium_bytes:
        size += f" of {humane_bytes(plan.medium_bytes)} ({percentage(plan.layout.n_bytes, plan.medium_bytes)})"
    return f"{size}, {_parity(plan)} of parity"


def _parity(plan: BuildPlan) -> str:
    shape = plan.geometry
    return f"{count(shape.parity_sectors, 'sector')} ({percentage(shape.parity_sectors, shape.data_sectors)})"


def _usual(plan: BuildPlan) -> str:
    """Return the amount of parity in the volume itself, with words in front of it for the note."""
    stream = plan.volume.stream
    if stream is None or not stream.geometry.parity_sectors:
        return "what"
    return f"the {percentage(stream.geometry.parity_sectors, stream.geometry.data_sectors)} that"


def _json(plan: BuildPlan) -> bytes:
    return json_line(
        {
            "volume": plan.volume.path,
            "image": plan.output,
            "label": plan.volume.label,
            "image_bytes": plan.layout.n_bytes,
            "medium_bytes": plan.medium_bytes,
            **fields_of(plan.geometry, "data_sectors", "parity_sectors", "groups"),
            "udf": plan.layout.has_udf,
            "parity_cut": plan.parity.cut,
        }
    )
