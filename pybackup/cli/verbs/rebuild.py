"""pybackup rebuild."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pybackup.options.mending import RebuildRequest

from ..json_form import fields_of, json_line
from ..options import add_options, add_talk, talk_of
from ..recording import add_recording, record_for_discs, recording
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display

if TYPE_CHECKING:
    from pybackup.make.rebuilt import Rebuilt, RebuiltVolume

    from ..monitor import Talk

EPILOG = """\
Name all remaining volumes, in any order and under any names: files, images, drives, or directories of them; or the
recovery volumes of archives that are no set, and all of these that remain.
Damaged volumes help too: their bad sectors are repaired by their own parity and across the volumes, in turns.
Intact volumes are not copied to DIR; volumes that an interrupted run finished there are not made again.

examples:
  pybackup rebuild set/ --to rebuilt
  pybackup rebuild docs-001.xtar docs-003.xtar docs-R01.xtar --to rebuilt
  pybackup rebuild /dev/sr0 images/ --to rebuilt
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, RebuildRequest)
    add_recording(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Rebuild lost and damaged volumes, and print the outcome for each; return the exit status."""
    from pybackup.jobs.rebuild import rebuild

    with talk_of(options, options.to) as talk, recording(options):
        done = rebuild(
            options.volumes, options.to, work_dir=options.work_dir, overwrite=options.overwrite, monitor=talk
        )
        talk.end()
        made = (volume.path for volume in done.volumes if volume.outcome.value == "rebuilt")
        record_for_discs(options, [path for path in made if path is not None], talk)
        if options.json:
            deliver([_json(done, talk)])
        else:
            deliver_lines(_lines(done, quiet=options.quiet))
        status = conclude(talk)
        return status if done.complete else Status.BEYOND


def _lines(done: Rebuilt, *, quiet: bool) -> Iterator[str]:
    from pybackup.make.rebuilt import Outcome

    for volume in done.volumes:
        line = f"{volume.info.label}: {_what(volume)}"
        if not quiet or volume.outcome is Outcome.BEYOND:
            yield line
    if done.needed:
        labels = ", ".join(info.label for info in done.helpful)
        which = "it" if len(done.helpful) == 1 else f"any {done.needed} of these"
        yield f"{which} would bring back the rest: {labels}"
    elif any(volume.outcome is Outcome.BEYOND and volume.given is not None for volume in done.volumes):
        yield "better copies of the damaged volumes would help; 'pybackup extract' and 'salvage' take what is left"


def _what(volume: RebuiltVolume) -> str:
    from pybackup.make.rebuilt import Outcome

    given = "" if volume.given is None else display(volume.given)
    lost, left = volume.lost_sectors
    if volume.outcome is Outcome.WHOLE:
        return f"whole, {given}"
    if volume.outcome is Outcome.REBUILT:
        assert volume.path is not None
        how = "rebuilt" if volume.given is None else f"repaired from {given}"
        return f"{how}, {display(volume.path)}"
    where = "not here" if volume.given is None else f"damaged, {given}"
    rest = f"; {count(left, 'sector')} of {count(lost, 'lost one')} left" if left else ""
    return f"{where}, and beyond what the others give back{rest}"


def _json(done: Rebuilt, talk: Talk) -> bytes:
    volumes = [
        {
            **fields_of(volume.info, "label", "kind", "number"),
            **fields_of(volume, "outcome", "given", "path"),
            "lost_sectors": volume.lost_sectors[0],
            "left_sectors": volume.lost_sectors[1],
        }
        for volume in done.volumes
    ]
    helpful = [info.label for info in done.helpful]
    fields = {"complete": done.complete, "volumes": volumes, "needed": done.needed, "helpful": helpful}
    return json_line({**fields, "problems": talk.problems})
