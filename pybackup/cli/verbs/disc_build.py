"""pybackup disc build."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from pybackup.errors import FormatError, UsageError
from pybackup.model.medium import MEDIA

from ..options import add_overwrite, add_talk, talk_of
from ..recording import add_recording, record_for_discs
from ..results import conclude
from ..statuses import Status, status_of
from ..streams import deliver
from ..text import count, display, duration, humane_bytes, json_line, json_name, percentage, printable, reason_of
from ..values import argument, directory, medium, parity, path, positive

if TYPE_CHECKING:
    from pybackup.disc.build import BuildPlan
    from pybackup.disc.names import DiscNames

    from ..monitor import Talk

EPILOG = """\
Each volume becomes one image, DIR/NAME.iso: the volume, README.TXT for whoever finds the disc, FORMAT.TXT, RESCUE.PY,
the list of the set's files, SHA256SUMS, and parity over all of it, file system included. The same volume gives the
same image, byte for byte. An image fits the disc that its volume was made for; where that leaves less room for parity
than was asked for, this is said.

examples:
  pybackup disc build docs.xtar --medium cd700 --to images
  pybackup disc build volumes --to images
  pybackup disc build docs.xtar --medium dvd --parity fill --to images
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "volumes", metavar="VOLUME", nargs="+", type=argument(path), help="an archive, or a directory of volumes"
    )
    parser.add_argument("--to", metavar="DIR", required=True, type=argument(path), help="where images go; made")
    add = parser.add_argument_group("discs").add_argument
    add(
        "--medium",
        metavar="M",
        type=argument(medium),
        help=f"what the disc takes: {', '.join(MEDIA)}, or a size (default: what the volume was made for)",
    )
    add(
        "--parity",
        metavar="P",
        type=argument(parity),
        help="as for create, over the whole image, made anew; fill: all that is left of the disc "
        "(default: grown from that of the volume)",
    )
    add(
        "--group-sectors",
        metavar="N",
        type=argument(positive),
        help="sectors in a group of the code, made anew; more of them stand a little more, and need more memory "
        "(default: as the volume, or small ones)",
    )
    add("--work-dir", metavar="DIR", type=argument(directory), help="where unfinished images lie (default: in DIR)")
    add("--dry-run", action="store_true", help="only say what would be built")
    add_overwrite(parser, "the image of a disc")
    add_recording(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Build the images; a volume of several that cannot be built stops no other."""
    from pybackup.disc.names import DiscNames
    from pybackup.disc.volume import archives_in

    with talk_of(options, options.volumes[0]) as talk:
        volumes, names, status = archives_in(options.volumes), DiscNames(), Status.DONE
        for volume in volumes:
            try:
                _build(options, volume, names, talk)
            except (UsageError, FormatError) as error:
                if len(volumes) == 1:
                    raise
                talk.say(f"pybackup: {printable(reason_of(error))}")
                status = max(status, status_of(error))
        return status or conclude(talk)


def _build(options: argparse.Namespace, volume: bytes, names: DiscNames, talk: Talk) -> None:
    from pybackup.disc.build import BuildOptions, perform_build, plan_build

    start = time.monotonic()
    how = BuildOptions(options.medium, options.parity, options.group_sectors, options.work_dir, options.overwrite)
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
        talk.end()
        record_for_discs(options, [built.path], talk)
        talk.summary(f"{display(built.path)}: {_shape(plan)}, {duration(time.monotonic() - start)}")
    if options.json:
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
    """The parity of the volume itself, with a word in front of it."""
    stream = plan.volume.stream
    if stream is None or not stream.geometry.parity_sectors:
        return "what"
    return f"the {percentage(stream.geometry.parity_sectors, stream.geometry.data_sectors)} that"


def _json(plan: BuildPlan) -> bytes:
    shape = plan.geometry
    return json_line(
        {
            "volume": json_name(plan.volume.path),
            "image": json_name(plan.output),
            "label": plan.volume.label,
            "image_bytes": plan.layout.n_bytes,
            "medium_bytes": plan.medium_bytes,
            "data_sectors": shape.data_sectors,
            "parity_sectors": shape.parity_sectors,
            "groups": shape.groups,
            "udf": plan.layout.has_udf,
            "parity_cut": plan.parity.cut,
        }
    )
