"""pybackup disc burn."""

from __future__ import annotations

import argparse
import os
import shlex
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from pybackup.errors import EnvironmentFailed, FormatError, UsageError
from pybackup.model.problem import Problem, Trouble
from pybackup.options import values
from pybackup.options.discs import DiscBurnRequest

from ..asking import ask, is_somebody_there
from ..json_form import fields_of, json_line
from ..monitor import Talk
from ..options import add_options, add_talk, argument, asked_of, talk_of
from ..recording import add_recording, record_burnt, recording
from ..results import conclude
from ..statuses import Status
from ..streams import deliver
from ..text import count, display, duration, humane_bytes, printable, reason_of

if TYPE_CHECKING:
    from pybackup.disc.burn import BurnPlan, ReadBack

EPILOG = """\
Burns with xorriso (Debian package xorriso), after checking the image and that it fits the medium. Only blank media are
burnt; others need --overwrite. stdio:FILE emulates a drive by a file, for trials. With --verify the disc is read back
and compared: exit status 0 if it equals the image, 3 if it has bad sectors that parity can repair (burn another disc),
4 if parity cannot. At the end the drive is opened. For each of several images a disc is asked for, and asked for again
if the disc is too small, not blank, or cannot be read back.

examples:
  pybackup disc burn images/docs.iso --device /dev/sr0 --speed 8 --verify
  pybackup disc burn images/docs.iso --device /dev/sr0 --dry-run
  pybackup disc burn images --device /dev/sr0 --verify
"""

_STATUSES = {"intact": Status.DONE, "repairable": Status.REPAIRABLE, "beyond": Status.BEYOND}


def define(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb to its parser."""
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="+",
        type=argument(values.path),
        help="an image made by disc build; for each of several, or of a directory of them, a disc is asked for",
    )
    add_options(parser, DiscBurnRequest, without=("image",))
    parser.add_argument(
        "--dry-run", action="store_true", help="check the image and the medium, and only show what would be done"
    )
    add_recording(parser)
    add_talk(parser)


def perform(options: argparse.Namespace) -> int:
    """Burn each image onto a disc of its own; return the exit status."""
    from pybackup.archive.find import files_of

    images = files_of(options.images)
    with talk_of(options, images[0]) as talk, recording(options):
        if len(images) == 1:
            status = _burn(options, images[0], talk)
        elif options.dry_run or not is_somebody_there(talk):
            raise UsageError(f"disc burn: {len(images)} images, but nobody can be asked to change discs: name one")
        else:
            status = _burn_all(options, images, talk)
        problems = conclude(talk)
        return status or problems


def _burn_all(options: argparse.Namespace, images: list[bytes], talk: Talk) -> Status:
    """Burn each image onto a disc of its own, unless the user stops; return the worst exit status."""
    from pybackup.disc.on_medium import archive_ids_in

    status, kept = Status.DONE, set[bytes]()
    for number, image in enumerate(images):
        if not _may_be_burnt(options, image, talk):
            continue
        done = _burn_next(options, image, frozenset(kept), talk)
        if done is None:
            talk.note(f"stopped; not burnt: {', '.join(map(display, images[number:]))}")
            return max(status, Status.PROBLEMS)
        kept |= archive_ids_in(image)
        status = max(status, done)
    return status


def _may_be_burnt(options: argparse.Namespace, image: bytes, talk: Talk) -> bool:
    """Return whether an image can be burnt; report a problem with it, so that others go on."""
    from pybackup.disc.burn import check_image

    try:
        check_image(image, force=options.force)
    except (UsageError, FormatError) as error:
        talk.problem(Problem(image, Trouble.REFUSED, error.without(image)))
        return False
    return True


def _burn_next(options: argparse.Namespace, image: bytes, kept: Collection[bytes], talk: Talk) -> Status | None:
    """Ask for discs until one of several images is burnt; return its status, None if the user stops."""
    name, drive = display(image), display(options.device)
    while True:
        answer = ask(f"{name}: put a blank disc into {drive} and press Enter (q: stop, -: leave it out): ")
        if answer is None or answer.lower() == b"q":
            return None
        if answer == b"-":
            talk.note(f"{name}: not burnt")
            return Status.PROBLEMS
        if answer:
            talk.note(f"not understood: {display(answer)}; only Enter burns")
            continue
        try:
            status = _burn(options, image, talk, kept=kept)
        except FormatError as error:
            talk.finish()
            talk.problem(Problem(image, Trouble.DAMAGED, error.without(image)))
            return Status.PROBLEMS
        except (UsageError, EnvironmentFailed) as error:
            # The medium or the drive is the cause: ask for another disc.
            talk.finish()
            talk.note(printable(reason_of(error)))
            continue
        if status != Status.BEYOND:
            return status


def _burn(options: argparse.Namespace, image: bytes, talk: Talk, *, kept: Collection[bytes] = ()) -> Status:
    from pybackup.disc.burn import perform_burn, phases_of_burning, plan_burn, read_back
    from pybackup.media.burner import eject

    start = time.monotonic()
    how = asked_of(DiscBurnRequest, options, talk, image=image).burning(kept)
    if not options.dry_run:
        talk.plan(phases_of_burning(image, read_back=options.verify))
    plan = plan_burn(image, options.device, how, monitor=talk)
    found = None
    if options.dry_run:
        talk.summary(f"{_fit(plan)}; nothing burnt, but with: {_command(plan)}")
    else:
        perform_burn(plan, talk)
        talk.summary(f"{display(plan.device)}: burnt: {_fit(plan)}, {duration(time.monotonic() - start)}")
        found = read_back(plan, talk) if options.verify else None
        if not options.no_eject:
            eject(plan.device)
    talk.finish()
    if found is not None:
        talk.summary(f"{display(plan.device)}: {_words(found)}")
    if not options.dry_run:
        record_burnt(options, image, plan.device, found, talk)
    if options.json:
        deliver([_json(plan, found, options.dry_run)])
    return _STATUSES[found.state] if found else Status.DONE


def _fit(plan: BurnPlan) -> str:
    size = f"{display(plan.image)}, {humane_bytes(plan.image_bytes)}"
    if plan.medium.n_bytes is None:
        return f"{size} onto {printable(plan.medium.kind)}"
    return f"{size} of {humane_bytes(plan.medium.n_bytes)} on {printable(plan.medium.kind)}"


def _command(plan: BurnPlan) -> str:
    return printable(shlex.join(os.fsdecode(word) for word in plan.command))


def _words(found: ReadBack) -> str:
    if found.state == "intact":
        return f"read back: all of {count(found.sectors, 'sector')} are right"
    bad = f"{found.unreadable:,} of {count(found.sectors, 'sector')} cannot be read, {found.different:,} differ"
    bad = f"read back: {bad}"
    if found.state == "beyond":
        return f"{bad}; parity does not make up for that: burn it again, on another disc"
    left = 100 * (found.margin or 0.0)
    return (
        f"{bad}; parity makes up for them, and {left:.0f} % of it is left: burn another disc, and keep this as a spare"
    )


def _json(plan: BurnPlan, found: ReadBack | None, dry_run: bool) -> bytes:
    fields: dict[str, Any] = {
        **fields_of(plan, "image", "image_bytes", "device"),
        **fields_of(plan.medium, medium="kind", medium_bytes="n_bytes"),
        "command": [os.fsdecode(word) for word in plan.command],
        "burnt": not dry_run,
    }
    if found is not None:
        margin = None if found.margin is None else round(found.margin, 4)
        fields["read_back"] = fields_of(found, "state", "sectors", "unreadable", "different") | {"margin": margin}
    return json_line(fields)
