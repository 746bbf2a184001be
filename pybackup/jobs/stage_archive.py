"""The archives of what is staged for a disc: one, or a set for several discs where a file is larger than a disc."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from pybackup.check.verify import verify
from pybackup.compress.methods import Profile
from pybackup.errors import FormatError
from pybackup.host.directories import files_in
from pybackup.host.environment import environment, make_directory
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.plan_set import SetOptions, plan_set, segment_for
from pybackup.make.run import perform_create, perform_set
from pybackup.model.source import Source
from pybackup.monitor import Aside, Monitor
from pybackup.options.stages import protection_of
from pybackup.snapshots.local_store import remove_tree
from pybackup.stage.open_disc import VOLUMES, disc_directory
from pybackup.stage.reconcile import reconcile
from pybackup.stage.state import StageState
from pybackup.stage.values import DiscState, StagedDisc, discs_of

from .stage_compare import enter_archives
from .stage_settings import body_room


def make_archives(
    state: StageState, disc: StagedDisc, workers: int | None, monitor: Monitor
) -> Sequence[tuple[StagedDisc, bytes]]:
    """Make the archive of a disc, or those of several discs, and compare them with what was staged.

    What a killed run has made already is used if it is intact.

    Returns
    -------
    Sequence[tuple[StagedDisc, bytes]]
        Each disc, and the path of its archive.
    """
    make_directory(os.path.join(state.directory, VOLUMES))
    if not disc.set_id and discs_of(state.settings, disc.used_bytes) == 1:
        volume = _volume_path(state, disc.name)
        if not is_intact(volume, monitor):
            plan = plan_create(
                [_staged(state, disc)], volume, judge=None, options=_how(state, disc, workers), monitor=monitor
            )
            perform_create(plan, monitor=monitor)
        enter_archives(state, disc, [volume], monitor)
        return [(state.disc(disc.number), volume)]
    first = state.disc(disc.number - disc.volume + 1) if disc.set_id else disc
    paths = _make_set(state, first, workers, monitor)
    if not disc.set_id:
        enter_archives(state, disc, paths, monitor)
    made = [(state.disc(first.number + number), path) for number, path in enumerate(paths)]
    return [(each, path) for each, path in made if each.state is DiscState.CLOSING]


def remove_archives(state: StageState) -> None:
    """Remove staged files and archives, if no disc is being closed any more; the caller holds the lock."""
    if state.numbers(DiscState.CLOSING):
        return
    settings = state.settings
    for number in state.numbers(DiscState.BUILT, DiscState.BURNT, DiscState.LOST):
        name = settings.disc_name(number)
        for place in (
            disc_directory(state.directory, name), _set_directory(state, name), recovery_directory(state, name)
        ):  # fmt: skip
            if os.path.isdir(place):
                with environment(place):
                    remove_tree(place)
        with suppress(FileNotFoundError):
            os.unlink(_volume_path(state, name))


def _make_set(state: StageState, first: StagedDisc, workers: int | None, monitor: Monitor) -> list[bytes]:
    """Make the set of which a disc is the first; return the paths of its volumes in order."""
    directory = _set_directory(state, first.name)
    if os.path.isdir(directory) and not all(is_intact(path, monitor) for path in files_in(directory)):
        with environment(directory):
            remove_tree(directory)
    to = SetOptions(directory, first.name, body_room(state.settings.medium_bytes), resume=True)
    how = _how(state, first, workers)
    how = replace(how, segment_bytes=segment_for(to.volume_bytes, how.segment_bytes))
    plan = plan_set([_staged(state, first)], to, judge=None, options=how, monitor=monitor)
    return [each.path for each in perform_set(plan, monitor=monitor).volumes]


def _staged(state: StageState, disc: StagedDisc) -> Source:
    """Return what is staged for a disc, as a killed run may have left it."""
    at = disc_directory(state.directory, disc.name)
    if disc.state is DiscState.CLOSING and not disc.archive_id:
        reconcile(state, disc, disc.opened_ns)
    _dress_directories(state.settings.watched, at)
    return Source(at, b"")


def _how(state: StageState, disc: StagedDisc, workers: int | None) -> CreateOptions:
    return CreateOptions(
        profile=Profile(), parity=protection_of(state.settings.parity), comment=disc.name, workers=workers
    )


def _dress_directories(watched: bytes, at: bytes) -> None:
    """Give the directories of a disc the modes and times of the watched ones."""
    for above, below, _ in os.walk(at):
        for name in below:
            place = os.path.join(above, name)
            with suppress(OSError):
                status = os.stat(os.path.join(watched, os.path.relpath(place, at)), follow_symlinks=False)
                os.chmod(place, (status.st_mode & 0o7777) | 0o700)
                os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))


def _volume_path(state: StageState, disc: str) -> bytes:
    return os.path.join(state.directory, VOLUMES, os.fsencode(disc) + b".xtar")


def _set_directory(state: StageState, first: str) -> bytes:
    return os.path.join(state.directory, VOLUMES, os.fsencode(first) + b".set")


def recovery_directory(state: StageState, first: str) -> bytes:
    """Return where the archives of recovery discs lie, of which the first has this name."""
    return os.path.join(state.directory, VOLUMES, os.fsencode(first) + b".recovery")


def is_intact(volume: bytes, monitor: Monitor) -> bool:
    """Return whether an archive exists and is intact; a damaged one is removed."""
    if not os.path.isfile(volume):
        return False
    with suppress(FormatError):
        if verify(volume, workers=1, monitor=Aside(monitor)).state == "intact":
            return True
    os.unlink(volume)
    return False
