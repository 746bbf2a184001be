"""Closing a disc of a stage: its archive, its image with the history of all discs, its labels.

Each step can be repeated: after a killed run the next one goes on closing the disc. The staged files are removed when
the image is finished, not before.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pybackup.disc.burn import BurnOptions, ReadBack, perform_burn, plan_burn, read_back
from pybackup.disc.label import make_labels
from pybackup.errors import PybackupError, UsageError
from pybackup.media.burner import eject
from pybackup.mend.health import State
from pybackup.model.display import display
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.stage.state import StageState
from pybackup.stage.values import DiscState, OnFull, StagedDisc

from .stage_archive import make_archives, remove_archives
from .stage_history import LABELS
from .stage_image import make_image
from .stage_recovery import begin_recovery, make_recovery_archives

_SHAPES = ("disc", "case")


@dataclass(frozen=True, slots=True)
class ClosedDisc:
    """A disc that was closed; sizes in bytes.

    Attributes
    ----------
    covers
        The names of the discs that a recovery disc covers; none for other discs.
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
    covers: tuple[str, ...] = ()
    burnt: bool = False
    device: bytes = b""
    read_back: ReadBack | None = None


def close_disc(
    state: StageState, disc: StagedDisc, *, now_ns: int, workers: int | None, monitor: Monitor
) -> list[ClosedDisc]:
    """Close a disc, or go on closing it; the caller holds the lock.

    Returns
    -------
    list[ClosedDisc]
        The disc; if a file on it is larger than a disc, all discs over which that is divided. Then the recovery discs
        that were due.

    Raises
    ------
    UsageError
        The disc has no file; or it is too small for its image, which should not happen, as files count at their cost.
    EnvironmentFailed
        Something cannot be written.
    """
    closed = []
    if disc.number not in state.covers():
        if not disc.files:
            raise UsageError(f"{disc.name}: has no file yet")
        if disc.state is DiscState.OPEN:
            state.set_state(disc.number, DiscState.CLOSING)
            state.commit()
        closed += _with_images(state, make_archives(state, disc, workers, monitor), now_ns, monitor)
    closed += _with_images(state, make_recovery_archives(state, monitor), now_ns, monitor)
    if not state.numbers(DiscState.CLOSING):
        state.open_disc(now_ns)
        state.commit()
    remove_archives(state)
    if state.settings.on_full is OnFull.BURN:
        return [_burnt(state, each, now_ns, monitor) for each in closed]
    return closed


def _with_images(
    state: StageState, archives: Sequence[tuple[StagedDisc, bytes]], now_ns: int, monitor: Monitor
) -> list[ClosedDisc]:
    """Make the image and the labels of discs whose archives are made."""
    closed, covers = [], state.covers()
    for each, volume in archives:
        image = make_image(state, each, volume, now_ns, monitor)
        to = os.path.join(state.directory, LABELS)
        labels = make_labels(volume, to, shapes=_SHAPES, overwrite=True, disc=each.name).paths
        state.set_built(each.number, image.image_bytes, now_ns)
        closed.append(
            ClosedDisc(
                each.number, each.name, image.path, image.image_bytes, each.files, each.content_bytes, tuple(labels),
                tuple(map(state.settings.disc_name, covers.get(each.number, ()))),
            )
        )  # fmt: skip
        if not state.numbers(DiscState.CLOSING):
            # In the same transaction, so that none is forgotten.
            if not covers.get(each.number):
                begin_recovery(state, now_ns)
            if not state.numbers(DiscState.CLOSING):
                state.open_disc(now_ns)
        state.commit()
    return closed


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
