"""pybackup disc plan."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pybackup.model.medium import MEDIA
from pybackup.options.discs import DiscPlanRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, asked_of, talk_of
from ..results import conclude
from ..streams import deliver, deliver_lines
from ..text import count, humane_bytes, time_span

if TYPE_CHECKING:
    from pybackup.disc.estimate import Estimate
    from pybackup.disc.plan import PlannedDisc

EPILOG = """\
Walks the sources, compresses samples of them, and writes nothing. Without --volume-size it shows how many discs of each
kind are needed. Times are for drives of usual speed, and include reading back.

examples:
  pybackup disc plan ~/docs ~/photos
  pybackup disc plan ~/photos --first-volumes 596M,396M --volume-size cd700 --recovery-volumes 1
"""


# If less than this fraction of a disc is too much, it is shown: leaving so much out would save a disc.
_LITTLE = 0.1


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, DiscPlanRequest, optional=("volume_size",))
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Estimate the size of the archive, and print how many discs it needs; return the exit status."""
    from pybackup.jobs.disc_plan import estimate_for, plan_on, spread_on

    with talk_of(options, b"") as talk:
        asked = asked_of(DiscPlanRequest, options, talk)
        estimated = estimate_for(asked, talk)
        media = MEDIA if options.volume_size is None else {"": options.volume_size}
        found = estimated.estimate
        plans = {name: plan_on(estimated, asked, n_bytes) for name, n_bytes in media.items()}
        spreads = {name: spread_on(estimated, asked, n_bytes) for name, n_bytes in media.items()}
        if options.json:
            deliver([_json(found, plans, spreads)])
        else:
            deliver_lines(_lines(found, plans, spreads))
        return conclude(talk)


def _lines(
    found: Estimate, plans: Mapping[str, Sequence[PlannedDisc]], spreads: Mapping[str, tuple[int, int]]
) -> Iterator[str]:
    files = f"{count(found.files, 'file')}, {humane_bytes(found.content_bytes)}"
    holes = f", {humane_bytes(found.data_bytes)} without holes" if found.data_bytes < found.content_bytes else ""
    packed = f"packed about {humane_bytes(found.body_bytes)} ({100 * found.ratio:.0f} % of content)"
    yield f"content:      {files}{holes}; {packed}"
    yield f"compressing:  about {time_span(found.seconds)}"
    for name, discs in plans.items():
        if name:
            yield f"{name + ':':<14}{_discs(discs, spreads[name])}"
        else:
            yield from _each(discs)
            yield f"{'together:':<14}{_discs(discs, spreads[name])}"
    if any(fewest < most for fewest, most in spreads.values()):
        yield f"{'':<14}the size is estimated from samples, to within {100 * found.error:.0f} %"


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


def _discs(discs: Sequence[PlannedDisc], spread: tuple[int, int]) -> str:
    data = [disc for disc in discs if not disc.recovery]
    number = count(len(data), "disc") + _perhaps(len(data), *spread)
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


def _perhaps(number: int, fewest: int, most: int) -> str:
    """Return a remark with the range of the number of discs, if the estimate allows others."""
    others = [str(other) for other in (fewest, most) if other != number]
    return f" (perhaps {' or '.join(others)})" if others else ""


def _json(found: Estimate, plans: Mapping[str, Sequence[PlannedDisc]], spreads: Mapping[str, tuple[int, int]]) -> bytes:
    fields: dict[str, Any] = {
        **fields_of(found, "files", "content_bytes", "data_bytes", packed_bytes="body_bytes"),
        "ratio": round(found.ratio, 4),
        "error": round(found.error, 4),
        "compress_seconds": round(found.seconds, 1),
        "plans": [
            {
                "medium": name or None,
                "fewest": spreads[name][0],
                "most": spreads[name][1],
                "discs": [replace(disc, burn_seconds=round(disc.burn_seconds, 1)) for disc in discs],
            }
            for name, discs in plans.items()
        ],
    }
    return json_line(fields)
