"""Burning an image and reading the disc back: which sectors differ, and how much of the parity their repair needs."""

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
# How much longer a drive takes per byte than reading from a hard disk and hashing.
_BURN_WORK, _READ_WORK = 50, 25


@dataclass(frozen=True, slots=True)
class BurnPlan:
    """What burning an image will do.

    Attributes
    ----------
    medium
        The medium in the drive, as inspected when the plan was made.
    command
        The command line that burns the image.
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
    sectors
        The length of the image.
    margin
        The fraction of the parity not needed to repair the worst group, from 0 to 1, negative if the group is beyond
        repair; None without parity.
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
        Burn over what is on the medium, which is erased first if necessary.
    kept
        Ids of archives that are never overwritten: those of discs burnt earlier in the same run.
    force
        Burn even an image that this program did not make.
    """

    speed: str | None = None
    overwrite: bool = False
    kept: Collection[bytes] = ()
    force: bool = False


def phases_of_burning(image: bytes, *, read_back: bool) -> list[Phase]:
    """Return the phases of planning, burning and, with ``read_back``, reading back an image, for `Monitor.plan`."""
    n_bytes = os.path.getsize(image) if os.path.isfile(image) else 0
    back = [Phase(_READ_BACK, _READ_WORK * n_bytes)] if read_back else []
    return [phase_of_survey(n_bytes), Phase(_BURN, _BURN_WORK * n_bytes), *back]


def check_image(image: bytes, *, force: bool) -> None:
    """Refuse an image that `plan_burn` would refuse, as far as that shows without reading all of the image.

    Raises
    ------
    UsageError
        There is no such image, or this program did not make it.
    """
    _look(image, Monitor(), force=force)


def plan_burn(image: bytes, device: bytes, options: BurnOptions, *, monitor: Monitor) -> BurnPlan:
    """Check the image and the medium, and return the plan of the burn. All of the image is read.

    Raises
    ------
    UsageError
        There is no such image; this program did not make it; it does not fit the medium; or the medium is not empty.
    Damaged
        The image is damaged.
    EnvironmentFailed
        xorriso, the drive, or a medium in it is missing.
    """
    size, geometry = _look(image, monitor, force=options.force)
    medium = inspect(device)
    _check_content(image, device, medium, options)
    check_fit(size, medium, device, overwrite=options.overwrite)
    # This check comes last because it reads all of the image.
    if geometry is not None:
        name = os.fsdecode(image)
        health = assess(image, monitor)
        if not isinstance(health, Health) or health.state is not State.INTACT:
            raise Damaged(f"{name}: is damaged; repair it with 'pybackup repair {name}', or build it again")
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
    """Return an image's size in bytes and the geometry of its parity; None for no parity, which needs ``force``."""
    name = os.fsdecode(image)
    with ArchiveFile(image) as file:
        if not file.size:
            raise UsageError(f"{name}: is empty: there is nothing to burn")
        size, geometry, is_archive = file.size, glance(file), read_locator(file) is not None
    if geometry is not None and geometry.volume_bytes == size and not is_archive:
        return size, geometry
    what = "has no parity over all of it, so 'pybackup disc build' did not make it"
    if is_archive:
        what = "is an archive, not a disc image: burnt like this, a computer shows no files on it. First make an image "
        what += "with 'pybackup disc build'"
    if not force:
        raise UsageError(f"{name}: {what}", option="force", hint="burns it all the same")
    monitor.note(f"{name}: {what}")
    return size, geometry if geometry is not None and geometry.volume_bytes == size else None


def _check_content(image: bytes, device: bytes, medium: LoadedMedium, options: BurnOptions) -> None:
    """Refuse a medium that is not empty, judged by its content instead of by what the drive says about it."""
    found = on_medium(device_path(device))
    if not found.is_written:
        return
    name = os.fsdecode(device)
    ours = f"is {found.label}, a backup disc" if found.label else f"({medium.kind}) has data on it"
    if found.archive_ids & archive_ids_in(image):
        ours = f"is {found.label} already, a copy of this image"
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
    """Compare the disc with the image that was burnt, sector by sector.

    What follows the end of the image is not looked at, as drives add padding.

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
                f"{os.fsdecode(plan.device)}: the drive cannot read the disc yet; take the disc out, put it in again "
                "and run 'pybackup disc check' on it"
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
    """Return the unused fraction of the worst group's parity; negative if the group has more damage than parity."""
    lost = np.flatnonzero(bad)
    if not geometry.groups:
        return -1.0 if len(lost) else 0.0
    dealing = Dealing(geometry)
    guards = bad[dealing.guard_numbers].reshape(-1, geometry.guard_groups).sum(axis=0)
    missing = int(damaged_groups(dealing, lost).max(initial=0))
    return min(1 - missing / geometry.parity_shards, 1 - int(guards.max()) / max(1, geometry.guard_recovery))
