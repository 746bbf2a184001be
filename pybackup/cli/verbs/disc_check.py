"""pybackup disc check."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pybackup.model.problem import Trouble
from pybackup.options.discs import DiscCheckRequest
from pybackup.sector import SECTOR

from ..hanging import asking_what_hangs, hanging_lines, json_hanging
from ..json_form import json_line
from ..options import add_options, add_talk, talk_of
from ..recording import add_recording, record_check, recording
from ..results import conclude
from ..statuses import Status
from ..streams import deliver, deliver_lines
from ..text import count, display, humane_bytes, percentage, printable
from ..verdicts import condition, losses, remedy

if TYPE_CHECKING:
    from pybackup.disc.check import CheckedDisc
    from pybackup.jobs.hanging import Hanging
    from pybackup.mend.health import Health

EPILOG = """\
For checking old discs once a year: every sector is read. Prints the condition of each disc, how much more damage can be
repaired, and what to do; with --quiet, for cron, only about damaged discs. Of a disc with an archive of a chain, also
which earlier archives it needs and, if there is a catalogue, how many files on others need it. The exit status is that
of the worst disc.

examples:
  pybackup disc check /dev/sr0
  pybackup disc check --quiet images/*.iso
"""

_STATUSES = {"intact": Status.DONE, "repairable": Status.REPAIRABLE, "beyond": Status.BEYOND}
_ADVICE = {
    "keep": "check again in a year",
    "watch": "the first sectors have gone bad: check again in half a year",
    "renew": "burn a new disc within weeks: 'pybackup repair' restores the image exactly",
    "repair": "burn a new disc now: 'pybackup repair' can still restore the image exactly",
    "anew": "make a new image and burn it now",
    "look": "check the drive, and the permission to read it, and try again",
    "rescue": "copy it with ddrescue, look for other copies and recovery volumes, and see RECOVERY.md",
}


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    add_options(parser, DiscCheckRequest)
    add_recording(parser, checks=True)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Check the discs, and print the verdict on each; return the worst exit status."""
    from pybackup.archive.find import archives_at, volumes_in
    from pybackup.archive.volume_set import sets_among, tell_of_missing
    from pybackup.disc.check import check_discs

    worst = Status.DONE
    # With JSON on standard output, damage is also printed for people on standard error.
    results = () if options.json else {Trouble.DAMAGED, Trouble.UNREADABLE}
    with (
        talk_of(options, options.discs[0], results) as talk,
        recording(options),
        asking_what_hangs(options, talk) as what_hangs,
    ):
        discs = archives_at(options.discs)
        for disc, checked in zip(discs, check_discs(discs, talk), strict=True):
            worst = max(worst, Status.ENVIRONMENT if checked.unread else _STATUSES[checked.state])
            if checked.verdict is not None and not checked.unread:
                record_check(options, "disc check", checked.path, checked.verdict, talk)
            hanging = None if checked.verdict is None else what_hangs(disc.volumes or [*volumes_in(disc.path)])
            with talk.aside():
                if options.json:
                    deliver([_json(checked, hanging)])
                elif checked.state != "intact" or not options.quiet:
                    deliver_lines(_lines(checked, hanging))
        if len(discs) > 1:
            tell_of_missing(sets_among(discs), [disc.path for disc in discs], talk)
        problems = conclude(talk)
        return worst or problems


def _lines(checked: CheckedDisc, hanging: Hanging | None) -> Iterator[str]:
    name = display(checked.path)
    if checked.verdict is None:
        yield f"{name}: cannot be {'read' if checked.unread else 'checked'}: {printable(checked.failure)}"
    else:
        yield f"{name}: {condition(checked.verdict)}"
    how = f": {remedy(checked.verdict)}" if checked.verdict and checked.advice == "anew" else ""
    yield f"  advice: {_ADVICE[checked.advice]}{how}"
    if checked.verdict is not None:
        health = checked.verdict.health
        if health is not None:
            yield from (f"  {line}" for line in _health(health))
        yield from (f"  {said}" for said in losses(checked.verdict))
        if (damaged := checked.verdict.damage) and checked.state != "intact":
            yield f"  damaged: {count(len(damaged), 'place')} in its structures; 'pybackup verify' tells more"
    left = checked.remaining
    if left is not None:
        yield f"  can still repair: any {_part(left.certain)}; {_part(left.likely)} at random places (99.9 %)"
    elif checked.verdict is not None and checked.state != "beyond":
        health = checked.verdict.health
        why = "there is more damage than parity" if health and health.geometry.groups else "the disc has no parity"
        yield f"  no further damage is sure to be repaired: {why}"
    if hanging is not None:
        yield from (f"  {said}" for said in hanging_lines(hanging))


def _health(health: Health) -> Iterator[str]:
    shape = health.geometry
    bad = int(health.bad.sum())
    yield f"bad: {bad:,} of {count(shape.sectors, 'sector')} ({percentage(bad, shape.sectors)})" + _where(health)
    if bad and shape.groups:
        worst, parity = int(health.missing.max()), shape.parity_shards
        where = f"worst of {shape.groups:,} groups: " if shape.groups > 1 else ""
        used = percentage(min(worst, parity), parity)
        yield f"{where}{worst:,} of {parity:,} spare sectors in use ({used})"


def _where(health: Health) -> str:
    zones = [f"{zone.bad:,} of {zone.name}" for zone in health.zones if zone.bad]
    return f": {', '.join(zones)}" if zones else ""


def _part(sectors: int) -> str:
    return f"{count(sectors, 'more bad sector')} ({humane_bytes(sectors * SECTOR)})"


def _json(checked: CheckedDisc, hanging: Hanging | None) -> bytes:
    fields: dict[str, Any] = {"disc": checked.path, "state": checked.state, "advice": checked.advice}
    verdict, left = checked.verdict, checked.remaining
    if verdict is None:
        fields["failure"] = checked.failure
    elif (health := verdict.health) is not None:
        fields["sectors"] = health.geometry.sectors
        fields["bad_sectors"] = {zone.name: zone.bad for zone in health.zones}
        fields["margin"] = round(health.margin, 4)
    if left is not None:
        fields["survives_more"] = {"any_pattern": left.certain, "scattered_999": left.likely}
    if verdict is not None:
        fields["files_damaged"] = verdict.files_damaged
        fields["files_lost"] = verdict.lost
        fields["chain"] = json_hanging(hanging)
    return json_line(fields)
