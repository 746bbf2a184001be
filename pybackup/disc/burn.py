"""Burning an image, and reading it back: which sectors differ, and how much of the parity repairing them takes."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pybackup.container.read import read_locator
from pybackup.disc.on_medium import archive_ids_in, on_medium
from pybackup.errors import Damaged, EnvironmentFailed, UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.media.burner import LoadedMedium, burn, burn_command, check_fit, device_path, inspect
from pybackup.mend.health import Health, State, assess
from pybackup.mend.survey import phase_of_survey
from pybackup.monitor import Monitor, Phase
from pybackup.parity.mend.copies import damaged_groups
from pybackup.parity.stream.dealing import Dealing
from pybackup.parity.stream.find import glance
from pybackup.sector import SECTOR

_STEP_BYTES = 1 << 20
_BURN, _READ_BACK = "burn", "read back"
# A drive takes so many times as long for a byte as reading it from a disk and hashing it does.
_BURN_WORK, _READ_WORK = 50, 25


@dataclass(frozen=True, slots=True)
class BurnPlan:
    """What burning an image will do.

    Attributes
    ----------
    geometry
        The geometry of the image's parity; None if it has none.
    """

    image: bytes
    image_bytes: int
    device: bytes
    medium: LoadedMedium
    command: Sequence[bytes]
    geometry: Geometry | None


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What reading a disc back found; counts in sectors.

    Attributes
    ----------
    margin
        The part of the parity that is not needed to repair the worst group, from 0 to 1; None without parity.
    """

    sectors: int
    unreadable: int
    different: int
    margin: float | None
    state: State


@dataclass(frozen=True, slots=True)
class BurnOptions:
    """How an image is burnt.

    Attributes
    ----------
    speed
        The speed as the drive counts it; None for its own choice.
    overwrite
        Burn over what is on the medium; it is erased first if need be.
    kept
        Ids of archives that are never overwritten: those of discs burnt earlier in this run.
    force
        Burn even an image that this program has not made.
    """

    speed: str | None = None
    overwrite: bool = False
    kept: Collection[bytes] = ()
    force: bool = False


def phases_of_burning(image: bytes, *, read_back: bool) -> list[Phase]:
    """Return the phases in which planning, burning and reading back tell their progress, for `Monitor.plan`."""
    n_bytes = os.path.getsize(image) if os.path.isfile(image) else 0
    back = [Phase(_READ_BACK, _READ_WORK * n_bytes)] if read_back else []
    return [phase_of_survey(n_bytes), Phase(_BURN, _BURN_WORK * n_bytes), *back]


def check_image(image: bytes, *, force: bool) -> None:
    """Refuse an image that would not be burnt, without reading all of it; raises as `plan_burn`."""
    _look(image, Monitor(), force=force)


def plan_burn(image: bytes, device: bytes, options: BurnOptions, *, monitor: Monitor) -> BurnPlan:
    """Check the image and the medium, and return what will be done.

    Raises
    ------
    UsageError
        There is no such image; this program has not made it; it does not fit the medium; or the medium is not empty.
    Damaged
        The image is damaged.
    EnvironmentFailed
        xorriso, the drive, or a medium in it is missing.
    """
    size, geometry = _look(image, monitor, force=options.force)
    medium = inspect(device)
    _check_content(image, device, medium, options)
    check_fit(size, medium, device, overwrite=options.overwrite)
    # Last, since all of it is read.
    if geometry is not None:
        name = os.fsdecode(image)
        health = assess(image, monitor)
        if not isinstance(health, Health) or health.state is not State.INTACT:
            raise Damaged(f"{name}: is damaged; 'pybackup repair {name}' may mend it, or build it again")
    command = burn_command(
        image,
        device,
        image_bytes=size,
        medium_bytes=medium.n_bytes,
        speed=options.speed,
        overwrite=options.overwrite,
    )
    return BurnPlan(image, size, device, medium, command, geometry)


def _look(image: bytes, monitor: Monitor, *, force: bool) -> tuple[int, Geometry | None]:
    """Return the size of an image in bytes and the geometry of its parity, which may only be missing with ``force``."""
    name = os.fsdecode(image)
    with ArchiveFile(image) as file:
        if not file.size:
            raise UsageError(f"{name}: is empty: there is nothing to burn")
        size, geometry, is_archive = file.size, glance(file), read_locator(file) is not None
    if geometry is not None and geometry.volume_bytes == size and not is_archive:
        return size, geometry
    what = "has no parity over all of it: it is no image that 'pybackup disc build' made"
    if is_archive:
        what = "an archive, and no image of a disc, on which a system shows files: see 'pybackup disc build'"
    if not force:
        raise UsageError(f"{name}: {what}", option="force", hint="burns it all the same")
    monitor.note(f"{name}: {what}")
    return size, geometry if geometry is not None and geometry.volume_bytes == size else None


def _check_content(image: bytes, device: bytes, medium: LoadedMedium, options: BurnOptions) -> None:
    """Refuse a medium that is not empty, judged by its content, whatever the drive says about it."""
    found = on_medium(device_path(device))
    if not found.is_written:
        return
    name = os.fsdecode(device)
    ours = f"is {found.label}, a disc of ours" if found.label else f"({medium.kind}) has something on it"
    if found.archive_ids & archive_ids_in(image):
        ours = f"is {found.label} already, what is to be burnt"
    if not options.overwrite:
        raise UsageError(
            f"{name}: the disc in it {ours}; put in a blank one", option="overwrite", hint="burns over this one"
        )
    if found.archive_ids & set(options.kept):
        raise UsageError(f"{name}: the disc in it is {found.label}, which has just been burnt; put in another one")


def perform_burn(plan: BurnPlan, monitor: Monitor) -> None:
    """Burn the image onto the medium.

    Raises
    ------
    EnvironmentFailed
        The drive, or xorriso, failed.
    """
    monitor.begin(_BURN, 0, plan.image_bytes)
    burn(plan.command, plan.device, lambda count: monitor.advance(0, count))
    monitor.end()


def read_back(plan: BurnPlan, monitor: Monitor) -> ReadBack:
    """Compare the disc with its image, up to the image's end, as drives add padding.

    Raises
    ------
    EnvironmentFailed
        The disc cannot be opened.
    """
    total = -(-plan.image_bytes // SECTOR)
    unread, different = np.zeros(total, bool), np.zeros(total, bool)
    with ExitStack() as stack:
        image = stack.enter_context(ArchiveFile(plan.image))
        disc = stack.enter_context(ArchiveFile(device_path(plan.device)))
        if not disc.size:
            raise EnvironmentFailed(
                f"{os.fsdecode(plan.device)}: nothing can be read yet; take the disc out and put it in again, then "
                "run 'pybackup disc check' on it"
            )
        monitor.begin(_READ_BACK, 0, plan.image_bytes)
        for start in range(0, plan.image_bytes, _STEP_BYTES):
            count = min(_STEP_BYTES, plan.image_bytes - start)
            _compare(image.read_at(start, count), disc, start, unread, different)
            monitor.advance(0, count)
        monitor.end()
    bad = unread | different
    margin = _margin(plan.geometry, bad) if plan.geometry is not None else None
    state = State.INTACT
    if bad.any():
        state = State.BEYOND if margin is None or margin < 0 else State.REPAIRABLE
    return ReadBack(total, int(unread.sum()), int(different.sum()), margin, state)


def _compare(
    right: bytes, disc: ArchiveFile, start: int, unread: NDArray[np.bool_], different: NDArray[np.bool_]
) -> None:
    try:
        found = disc.read_at(start, len(right))
    except OSError:
        found = None
    if found == right:
        return
    for at in range(0, len(right), SECTOR):
        sector = right[at : at + SECTOR]
        number = (start + at) // SECTOR
        try:
            different[number] = disc.read_at(start + at, len(sector)) != sector
        except OSError:
            unread[number] = True


def _margin(geometry: Geometry, bad: NDArray[np.bool_]) -> float:
    """Return the part of the parity of the worst group that is left; below 0 if that is too little."""
    lost = np.flatnonzero(bad)
    if not geometry.groups:
        return -1.0 if len(lost) else 0.0
    dealing = Dealing(geometry)
    guards = bad[dealing.guard_numbers].reshape(-1, geometry.guard_groups).sum(axis=0)
    missing = int(damaged_groups(dealing, lost).max(initial=0))
    return min(1 - missing / geometry.parity_shards, 1 - int(guards.max()) / max(1, geometry.guard_recovery))
