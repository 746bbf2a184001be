"""Functions for discs: plan, build images, burn, check, label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.discs import (
    DiscBuildRequest,
    DiscBurnRequest,
    DiscCheckRequest,
    DiscLabelRequest,
    DiscPlanRequest,
)
from pybackup.options.functions import takes

from .asked import maybe_count, monitor_of

if TYPE_CHECKING:
    from pybackup.disc.build import Built
    from pybackup.disc.burn import BurnPlan, ReadBack
    from pybackup.disc.check import CheckedDisc
    from pybackup.disc.estimate import Estimate
    from pybackup.disc.label import Labelled
    from pybackup.disc.plan import PlannedDisc
    from pybackup.disc.plan_build import BuildPlan


@takes(DiscPlanRequest)
def disc_plan(asked: DiscPlanRequest) -> tuple[Estimate, Sequence[PlannedDisc]]:
    """Return an estimate of the size of an archive, from compressed samples, and the discs that it needs.

    Raises
    ------
    UsageError
        A source does not exist; a disc is too small; or an option is wrong.
    """
    from pybackup.jobs.disc_plan import estimate_for, plan_on

    estimated = estimate_for(asked, monitor_of(asked))
    return estimated.estimate, plan_on(estimated, asked, values.medium(asked.volume_size))


@takes(DiscBuildRequest)
def disc_build(asked: DiscBuildRequest) -> Sequence[Built]:
    """Build an ISO image of each volume or archive, ``to/NAME.iso``, with parity over all of it.

    Raises
    ------
    UsageError, Damaged, EnvironmentFailed
        A volume does not exist, or does not fit the disc, or its image exists; one is damaged; an image cannot be
        written.
    """
    from pybackup.disc.build import perform_build

    monitor = monitor_of(asked)
    return [perform_build(plan, monitor) for plan in _build_plans(asked)]


@takes(DiscBuildRequest)
def plan_disc_build(asked: DiscBuildRequest) -> Sequence[BuildPlan]:
    """Return what images `disc_build` would build; raises as it does."""
    return [*_build_plans(asked)]


@takes(DiscBurnRequest)
def disc_burn(asked: DiscBurnRequest) -> ReadBack | None:
    """Burn an image with xorriso; with ``verify``, read the disc back and return the result.

    The device ``stdio:FILE`` emulates a drive by a file. The drive is opened at the end.

    Raises
    ------
    UsageError, Damaged, EnvironmentFailed
        The image does not exist, was not made by `disc_build` or does not fit, or the medium is not empty; the image is
        damaged; xorriso, the drive or a medium is missing, or the drive failed.
    """
    from pybackup.disc.burn import perform_burn, read_back
    from pybackup.media.burner import eject

    monitor = monitor_of(asked)
    plan = _burn_plan(asked, monitor)
    perform_burn(plan, monitor)
    found = read_back(plan, monitor) if asked.verify else None
    if not asked.no_eject:
        eject(plan.device)
    return found


@takes(DiscBurnRequest)
def plan_disc_burn(asked: DiscBurnRequest) -> BurnPlan:
    """Check the image and the medium, and return what `disc_burn` would do; raises as it does."""
    return _burn_plan(asked, monitor_of(asked))


@takes(DiscCheckRequest)
def disc_check(asked: DiscCheckRequest) -> Iterator[CheckedDisc]:
    """Read every sector of devices, images, archives or directories of them, and yield the state of each.

    Raises
    ------
    UsageError
        A path does not exist.
    """
    from pybackup.archive.find import archives_at
    from pybackup.disc.check import check_discs

    return check_discs(archives_at(values.paths(asked.discs)), monitor_of(asked))


@takes(DiscLabelRequest)
def disc_label(asked: DiscLabelRequest) -> Sequence[Labelled]:
    """Write labels of volumes or archives, for the disc and for its case, as SVG files.

    With several volumes, an error with one of them is a problem, and the others go on.

    Raises
    ------
    UsageError, Damaged, EnvironmentFailed
        The volume does not exist, or its label exists already; the volume is damaged; a label cannot be written.
    """
    from pybackup.disc.label import make_all_labels
    from pybackup.disc.volume import archives_in

    volumes, to = archives_in(values.paths(asked.volumes)), values.path(asked.to)
    shapes, overwrite, monitor = asked.shapes(), asked.overwrite, monitor_of(asked)
    discs = maybe_count(asked.discs)
    return tuple(make_all_labels(volumes, to, discs=discs, shapes=shapes, overwrite=overwrite, monitor=monitor))


def _build_plans(asked: DiscBuildRequest) -> Iterator[BuildPlan]:
    from pybackup.disc.names import DiscNames
    from pybackup.disc.plan_build import plan_build
    from pybackup.disc.volume import archives_in

    to, how, names = values.path(asked.to), asked.building(), DiscNames()
    for volume in archives_in(values.paths(asked.volumes)):
        yield plan_build(volume, to, how, names)


def _burn_plan(asked: DiscBurnRequest, monitor: Monitor) -> BurnPlan:
    from pybackup.disc.burn import plan_burn

    return plan_burn(values.path(asked.image), values.path(asked.device), asked.burning(), monitor=monitor)
