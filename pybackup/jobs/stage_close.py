"""Closing a disc of a stage: its archive, its image with the history of all discs, its labels.

Each step can be repeated: after a killed run the next one goes on closing the disc. The staged files are removed when
the image is finished, not before.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace

from pybackup.disc.burn import BurnOptions, ReadBack, perform_burn, plan_burn, read_back
from pybackup.disc.label import make_labels
from pybackup.errors import PybackupError, UsageError
from pybackup.host.environment import environment
from pybackup.media.burner import eject
from pybackup.mend.health import State
from pybackup.model.display import display
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.snapshots.local_store import remove_tree
from pybackup.stage.open_disc import disc_directory
from pybackup.stage.state import StageState
from pybackup.stage.values import DiscState, OnFull, StagedDisc

from .stage_history import LABELS, VOLUMES
from .stage_image import compare_archive, make_archive, make_image

_SHAPES = ("disc", "case")


@dataclass(frozen=True, slots=True)
class ClosedDisc:
    """A disc that was closed; sizes in bytes.

    Attributes
    ----------
    burnt, device
        Whether it was burnt, and by which drive.
    read_back
        What reading it back found; None where it was not burnt.
    """

    number: int
    name: str
    image: bytes
    image_bytes: int
    files: int
    content_bytes: int
    labels: tuple[bytes, ...]
    burnt: bool = False
    device: bytes = b""
    read_back: ReadBack | None = None


def close_disc(
    state: StageState, disc: StagedDisc, *, now_ns: int, workers: int | None, monitor: Monitor
) -> ClosedDisc:
    """Close a disc, or go on closing it; the caller holds the lock.

    Raises
    ------
    UsageError
        It has no file; or the image is too small for it, which should not happen, as files are counted by their cost.
    EnvironmentFailed
        Something cannot be written.
    """
    if not disc.files:
        raise UsageError(f"{disc.name}: has no file yet")
    if disc.state is DiscState.OPEN:
        state.set_state(disc.number, DiscState.CLOSING)
        state.commit()
    volume = os.path.join(state.directory, VOLUMES, os.fsencode(disc.name) + b".xtar")
    make_archive(state, disc, volume, workers, monitor)
    compare_archive(state, disc, volume, monitor)
    image = make_image(state, state.disc(disc.number), volume, now_ns, monitor)
    to = os.path.join(state.directory, LABELS)
    labels = make_labels(volume, to, shapes=_SHAPES, overwrite=True).paths
    state.set_built(disc.number, image.image_bytes, now_ns)
    state.open_disc(now_ns)
    state.commit()
    remove_rest(state)
    closed = ClosedDisc(
        disc.number, disc.name, image.path, image.image_bytes, disc.files, disc.content_bytes, tuple(labels)
    )
    return _burnt(state, closed, now_ns, monitor) if state.settings.on_full is OnFull.BURN else closed


def remove_rest(state: StageState) -> None:
    """Remove the staged files and archives of discs that have their image; the caller holds the lock."""
    for disc in state.discs():
        if disc.state in (DiscState.OPEN, DiscState.CLOSING):
            continue
        at = disc_directory(state.directory, disc.name)
        if os.path.isdir(at):
            with environment(at):
                remove_tree(at)
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(state.directory, VOLUMES, os.fsencode(disc.name) + b".xtar"))


def _burnt(state: StageState, closed: ClosedDisc, now_ns: int, monitor: Monitor) -> ClosedDisc:
    """Burn an image. If that fails it is a problem, and the image waits to be burnt."""
    device = state.settings.device
    try:
        plan = plan_burn(closed.image, device, BurnOptions(), monitor=monitor)
        perform_burn(plan, monitor)
        found = read_back(plan, monitor)
        eject(plan.device)
    except PybackupError as error:
        wait = f"not burnt: {error}; 'pybackup disc burn' does it, then 'pybackup stage verify' reads the disc"
        monitor.problem(Problem(closed.image, Trouble.MISSING, wait))
        return closed
    if found.state is State.INTACT:
        state.set_checked(closed.number, now_ns, is_medium=True)
        state.commit()
    else:
        bad = f"burnt, and {found.unreadable + found.different} sectors are not as they should be: burn another one"
        monitor.problem(Problem(display(device).encode(), Trouble.DAMAGED, bad))
    return replace(closed, burnt=True, device=device, read_back=found)
