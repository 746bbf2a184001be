"""The archive of what is staged for a disc, and its image with the history on it."""

from __future__ import annotations

import os
from contextlib import suppress

from pybackup.archive.find import volumes_in
from pybackup.catalogue.portable import write_portable
from pybackup.check.verify import verify
from pybackup.compress.methods import Profile
from pybackup.disc.build import Built, perform_build
from pybackup.disc.plan_build import BuildOptions, BuildPlan, plan_build
from pybackup.errors import UsageError
from pybackup.host.environment import make_directory
from pybackup.host.scratch import Scratch
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.run import perform_create
from pybackup.model.entry import Kind
from pybackup.model.filed import filed_of
from pybackup.model.problem import Problem, Trouble
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.options.stages import protection_of
from pybackup.stage.open_disc import disc_directory
from pybackup.stage.reconcile import reconcile
from pybackup.stage.state import StageState
from pybackup.stage.values import StagedDisc

from .stage_history import IMAGES, history_of, series_of


def make_archive(state: StageState, disc: StagedDisc, volume: bytes, workers: int | None, monitor: Monitor) -> None:
    """Make the archive of the staged files, unless a killed run has made it already and it is intact."""
    if os.path.isfile(volume):
        if verify(volume, workers=1, monitor=monitor).state == "intact":
            return
        os.unlink(volume)
    at = disc_directory(state.directory, disc.name)
    make_directory(os.path.dirname(volume))
    reconcile(state, disc, disc.opened_ns)
    _dress_directories(state.settings.watched, at)
    how = CreateOptions(
        profile=Profile(), parity=protection_of(state.settings.parity), comment=disc.name, workers=workers
    )
    plan = plan_create([Source(at, b"")], volume, judge=None, options=how, monitor=monitor)
    perform_create(plan, monitor=monitor)


def _dress_directories(watched: bytes, at: bytes) -> None:
    """Give the directories of a disc the modes and times of the watched ones."""
    for above, below, _ in os.walk(at):
        for name in below:
            place = os.path.join(above, name)
            with suppress(OSError):
                status = os.stat(os.path.join(watched, os.path.relpath(place, at)), follow_symlinks=False)
                os.chmod(place, (status.st_mode & 0o7777) | 0o700)
                os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))


def compare_archive(state: StageState, disc: StagedDisc, volume: bytes, monitor: Monitor) -> None:
    """Compare the archive with the hashes that files had when they were staged; what differs is staged again."""
    archive = next(volumes_in(volume))
    listing = archive.listing
    held = {filed.path: filed for filed in filed_of(listing.rows, listing.paths)}
    for copy in list(state.copies(disc.number)):
        filed = held.get(copy.path)
        # The archive has another kind of hash for sparse files. They were verified when the archive was made.
        if filed is not None and (copy.kind != Kind.FILE or filed.sparse or filed.sha256 == copy.sha256):
            continue
        state.remove_copy(copy)
        state.forget_content(copy.sha256)
        reason = "is not what was staged: the next scan stages it again" if filed else "is missing: staged again"
        monitor.problem(Problem(copy.path, Trouble.DIFFERENT, reason))
    state.set_archive(disc.number, listing.archive_id, listing.digest)
    state.commit()


def make_image(state: StageState, disc: StagedDisc, volume: bytes, now_ns: int, monitor: Monitor) -> Built:
    """Build the image of a disc, with the history on it."""
    images = os.path.join(state.directory, IMAGES)
    make_directory(images)
    with Scratch(images) as carried:
        plan = _plan(state, disc, volume, images, carried.temporary, now_ns, monitor)
        if plan.parity.cut:
            monitor.note(f"{disc.name}: there is less room for parity than {state.settings.parity}")
        return perform_build(plan, monitor)


def _plan(
    state: StageState, disc: StagedDisc, volume: bytes, images: bytes, carried: bytes, now_ns: int, monitor: Monitor
) -> BuildPlan:
    """Plan the image with as much of the history as there is room for.

    That is all of it; or without the watched files; or of earlier discs only the names as well.
    """
    settings = state.settings
    how = BuildOptions(
        medium_bytes=settings.medium_bytes, overwrite=True, carried=carried, series=series_of(state, disc)
    )
    forms = ((True, 0), (False, 0), (False, disc.number))
    for number, (watched, files_of) in enumerate(forms):
        os.truncate(carried, 0)
        write_portable(carried, history_of(state, now_ns, watched=watched, files_of=files_of), ())
        try:
            plan = plan_build(volume, images, how)
        except UsageError as error:
            if error.option != "carry_catalogue" or number == len(forms) - 1:
                raise
            continue
        if number:
            left = "what is watched" if number == 1 else "the files of earlier discs, which these themselves tell"
            monitor.note(f"{disc.name}: the history takes more than a twentieth of a disc: it is without {left}")
        return plan
    raise AssertionError  # the last form raises
