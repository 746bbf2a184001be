"""pybackup disc plan."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pybackup.compress.methods import STORED_SUFFIXES, Compression, Profile
from pybackup.model.medium import MEDIA

from ..options import add_parity, add_sources, add_talk, add_workers, rules_of, sources_of, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, humane_bytes, json_line, time_span
from ..values import argument, medium, natural, share, sizes, suffixes

if TYPE_CHECKING:
    from pybackup.disc.plan import Estimate, PlannedDisc

EPILOG = """\
Walks the sources, packs samples of them, and writes nothing. Without --volume-size it tells what each kind of disc
comes to. Times are for drives of usual speed, with reading back.

examples:
  pybackup disc plan ~/docs ~/photos
  pybackup disc plan ~/photos --first-volumes 596M,396M --volume-size cd700 --recovery-volumes 1
"""


# Of a disc: who leaves so little out, or is lucky with the estimate, needs one less.
_LITTLE = 0.1


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    selection = add_sources(parser)
    selection.add_argument("--one-file-system", action="store_true", help="stay on the file system of each SRC")
    discs = parser.add_argument_group("discs")
    discs.add_argument(
        "--volume-size",
        metavar="M",
        type=argument(medium),
        help=f"what a disc takes: {', '.join(MEDIA)}, or a size (default: each of these)",
    )
    discs.add_argument(
        "--first-volumes",
        metavar="M,...",
        type=argument(sizes),
        default=(),
        help="what the first discs take, where these are partly used ones",
    )
    discs.add_argument("--recovery-volumes", metavar="N", type=argument(natural), default=0, help="and so many more")
    discs.add_argument(
        "--second-copies",
        metavar="SHARE",
        type=argument(share),
        default=Fraction(0),
        help="give up to SHARE of each disc, such as 5%%, to second copies, as for create (default: none)",
    )
    packing = parser.add_argument_group("packing")
    levels = [level.value for level in Compression]
    packing.add_argument("--compression", choices=levels, default="default", help="as for create (default: default)")
    packing.add_argument(
        "--store", metavar="EXT,...", type=argument(suffixes), default=STORED_SUFFIXES, help="as for create"
    )
    add_workers(packing)
    add_parity(parser.add_argument_group("protection"))
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Plan."""
    from pybackup.disc.plan import estimate, plan_discs
    from pybackup.make.plan import CreateOptions, plan_create
    from pybackup.parity.stream.geometry import ParityOptions

    with talk_of(options, b"") as talk:
        how = CreateOptions(
            profile=Profile(Compression(options.compression), options.store),
            parity=ParityOptions(options.parity, False, options.group_sectors),
            one_file_system=options.one_file_system,
            workers=options.workers,
        )
        rules = rules_of(options)
        plan = plan_create(sources_of(options, talk), b"", judge=rules.judge, options=how, monitor=talk)
        rules.tell_idle(talk)
        found = estimate(plan, talk)
        media = MEDIA if options.volume_size is None else {"": options.volume_size}
        plans = {
            name: plan_discs(
                plan,
                found,
                first_bytes=options.first_volumes,
                medium_bytes=n_bytes,
                recovery=options.recovery_volumes,
                second_copies=options.second_copies,
            )
            for name, n_bytes in media.items()
        }
        if options.json:
            deliver([_json(found, plans)])
        else:
            deliver_lines(_lines(found, plans))
        return conclude(talk)


def _lines(found: Estimate, plans: Mapping[str, Sequence[PlannedDisc]]) -> Iterator[str]:
    files = f"{count(found.files, 'file')}, {humane_bytes(found.content_bytes)}"
    holes = f", {humane_bytes(found.data_bytes)} without holes" if found.data_bytes < found.content_bytes else ""
    packed = f"packed about {humane_bytes(found.body_bytes)} ({100 * found.ratio:.0f} % of content)"
    yield f"content:      {files}{holes}; {packed}"
    yield f"compressing:  about {time_span(found.seconds)}"
    for name, discs in plans.items():
        if name:
            yield f"{name + ':':<14}{_discs(discs)}"
        else:
            yield from _each(discs)
            yield f"{'together:':<14}{_discs(discs)}"


def _each(discs: Sequence[PlannedDisc]) -> Iterator[str]:
    at = 0
    for (medium_bytes, recovery, fill), group in groupby(
        discs, lambda disc: (disc.medium_bytes, disc.recovery, round(100 * disc.fill))
    ):
        number = len(list(group))
        first, last = at + 1, at + number
        at = last
        which = f"disc {first}" if first == last else f"discs {first}-{last}"
        kind = ", recovery" if recovery else ""
        yield f"{which + ':':<14}{humane_bytes(medium_bytes)}, {fill} % full{kind}"


def _discs(discs: Sequence[PlannedDisc]) -> str:
    data = [disc for disc in discs if not disc.recovery]
    number = count(len(data), "disc")
    if len(discs) > len(data):
        number += f" and {count(len(discs) - len(data), 'recovery disc')}"
    full = ""
    if data:
        which = "" if len(data) == 1 else f"disc {len(data)} "
        full = f", {which}{100 * data[-1].fill:.0f} % full"
    again = sum(disc.copies_bytes for disc in discs)
    full += f", second copies {humane_bytes(again)}" if again else ""
    if len(data) > 1 and data[-1].fill < _LITTLE:
        full += f"; {humane_bytes(data[-1].used_bytes)} over what {count(len(data) - 1, 'disc')} may take"
    seconds = sum(disc.burn_seconds for disc in discs)
    return f"{number}{full}; burning and reading back about {time_span(seconds)}"


def _json(found: Estimate, plans: Mapping[str, Sequence[PlannedDisc]]) -> bytes:
    fields: dict[str, Any] = {
        "files": found.files,
        "content_bytes": found.content_bytes,
        "data_bytes": found.data_bytes,
        "packed_bytes": found.body_bytes,
        "ratio": round(found.ratio, 4),
        "compress_seconds": round(found.seconds, 1),
        "plans": [
            {
                "medium": name or None,
                "discs": [
                    {
                        "medium_bytes": disc.medium_bytes,
                        "used_bytes": disc.used_bytes,
                        "burn_seconds": round(disc.burn_seconds, 1),
                        "recovery": disc.recovery,
                        "copies_bytes": disc.copies_bytes,
                    }
                    for disc in discs
                ],
            }
            for name, discs in plans.items()
        ],
    }
    return json_line(fields)
