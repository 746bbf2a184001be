"""Recovery discs of a stage: after so many discs some more are made, from which lost ones can be rebuilt."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pybackup.archive.find import volumes_in
from pybackup.errors import FormatError, UsageError
from pybackup.host.directories import files_in
from pybackup.host.environment import environment
from pybackup.make.add_recovery import RecoveryOptions, add_recovery
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Aside, Monitor
from pybackup.snapshots.local_store import remove_tree
from pybackup.stage.state import StageState
from pybackup.stage.values import DiscState, StagedDisc

from .stage_archive import is_intact, recovery_directory
from .stage_history import IMAGES
from .stage_settings import body_room


def begin_recovery(state: StageState, now_ns: int) -> None:
    """Begin to close recovery discs, if as many discs are uncovered as there are to be; the caller commits.

    Discs that are lost already cannot be covered any more.
    """
    settings, covers = state.settings, state.covers()
    if not settings.recovery_every:
        return
    done = {*covers, *(number for covered in covers.values() for number in covered)}
    due = [number for number in state.numbers(DiscState.BUILT, DiscState.BURNT) if number not in done]
    if len(due) < settings.recovery_every:
        return
    first = 1 + max(state.numbers(*DiscState))
    for number in range(first, first + settings.recovery_volumes):
        name = settings.disc_name(number)
        state.take_disc(
            StagedDisc(number, name, DiscState.CLOSING, now_ns, None, None, b"", b"", 0, b"", 0, False, 0, 0, 0)
        )
        state.set_cover(number, due)


def make_recovery_archives(state: StageState, monitor: Monitor) -> Sequence[tuple[StagedDisc, bytes]]:
    """Make the archives of recovery discs that are being closed, from the images of the discs that they cover.

    What a killed run has made already is used if it is intact. If an image is gone or damaged, that is a problem: the
    recovery discs are given up, and made when the next disc is closed.

    Returns
    -------
    Sequence[tuple[StagedDisc, bytes]]
        Each recovery disc that is still being closed, and the path of its archive.
    """
    covers = state.covers()
    closing = [number for number in state.numbers(DiscState.CLOSING) if number in covers]
    if not closing:
        return []
    group = [number for number, covered in covers.items() if covered == covers[closing[0]]]
    try:
        paths = _archives(state, group, covers[closing[0]], monitor)
    except (FormatError, UsageError) as error:
        what = f"{state.settings.disc_name(closing[0])}: no recovery disc could be made: {error}"
        monitor.problem(Problem(os.path.join(state.directory, IMAGES), Trouble.MISSING, what))
        for number in group:
            state.drop_recovery_disc(number)
        return []
    made = []
    for number, path in zip(group, paths, strict=True):
        volume = next(volumes_in(path))
        state.set_archive(number, volume.listing.archive_id, volume.listing.digest)
        if volume.info is not None:
            state.set_volume(number, volume.info.set_id, volume.info.number, is_last=False)
        if number in closing:
            made.append((state.disc(number), path))
    state.commit()
    return made


def _archives(state: StageState, group: Sequence[int], covered: Sequence[int], monitor: Monitor) -> list[bytes]:
    settings = state.settings
    directory = recovery_directory(state, settings.disc_name(group[0]))
    there = files_in(directory) if os.path.isdir(directory) else []
    if len(there) == len(group) and all(is_intact(path, monitor) for path in there):
        return sorted(there)
    if there:
        with environment(directory):
            remove_tree(directory)
    images = [
        os.path.join(state.directory, IMAGES, os.fsencode(settings.disc_name(number)) + b".iso") for number in covered
    ]
    for number, image in zip(covered, images, strict=True):
        if not os.path.isfile(image):
            raise UsageError(f"the image of {settings.disc_name(number)} is gone; put it, or a copy of the disc, back")
    how = RecoveryOptions(
        len(group), directory, body_room(settings.medium_bytes), first=1, overwrite=True, as_archives=True
    )
    return [each.path for each in add_recovery(images, how, monitor=Aside(monitor)).made]
