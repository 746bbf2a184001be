"""Functions for staging: collecting the changes of a directory on discs that fill over months."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pybackup.options.functions import takes
from pybackup.options.stages import (
    StageCloseRequest,
    StageInitRequest,
    StageLostRequest,
    StageRequest,
    StageScanRequest,
    StageVerifyRequest,
)

from .asked import monitor_of

if TYPE_CHECKING:
    from pybackup.jobs.stage_close import ClosedDisc
    from pybackup.jobs.stage_lost import DiscLoss
    from pybackup.jobs.stage_scan import StageScanned
    from pybackup.jobs.stage_status import StageStatus
    from pybackup.jobs.stage_verify import VerifiedStaged
    from pybackup.stage.values import StageSettings


@takes(StageInitRequest)
def stage_init(asked: StageInitRequest) -> StageSettings:
    """Make a staging directory for a watched one, or make a lost one again from its discs.

    Raises
    ------
    UsageError
        One directory lies in the other; the medium is too small; or a disc to read from is not of this stage.
    Exists, EnvironmentFailed
        There is a stage already; or the directory cannot be written.
    """
    from pybackup.jobs.stage_init import make_stage

    return make_stage(asked, monitor_of(asked))


@takes(StageScanRequest)
def stage_scan(asked: StageScanRequest) -> StageScanned:
    """Copy new and changed files of the watched directory for the open disc, and close that when it is full.

    Raises
    ------
    UsageError, EnvironmentFailed
        There is no such stage; the watched directory is not mounted, or has no files any more; another run is at work
        there; the disk is full.
    """
    from pybackup.jobs.stage_scan import scan_all

    return scan_all(asked, monitor_of(asked))


@takes(StageCloseRequest)
def stage_close(asked: StageCloseRequest) -> Sequence[ClosedDisc]:
    """Close the open disc, full or not: make its image and labels; the next disc takes files then.

    Raises
    ------
    UsageError, EnvironmentFailed
        There is no such stage; its disc has no file; another run is at work there.
    """
    from pybackup.jobs.stage_scan import close_open

    return close_open(asked, monitor_of(asked))


@takes(StageRequest)
def stage_status(asked: StageRequest) -> StageStatus:
    """Return the status of a stage: its discs, how full the open one is, what waits, which discs are due for a check.

    Raises
    ------
    UsageError, EnvironmentFailed
        There is no such stage; its state cannot be read.
    """
    from pybackup.jobs.stage_status import status_of_stage

    return status_of_stage(asked)


@takes(StageVerifyRequest)
def stage_verify(asked: StageVerifyRequest) -> Sequence[VerifiedStaged]:
    """Verify discs of a stage, or the staged files and the images that wait, and enter which discs are sound.

    Raises
    ------
    UsageError, EnvironmentFailed
        There is no such stage; a disc cannot be opened; another run is at work there.
    """
    from pybackup.jobs.stage_verify import verify_stage

    return tuple(verify_stage(asked, monitor_of(asked)))


@takes(StageLostRequest)
def stage_lost(asked: StageLostRequest) -> DiscLoss:
    """Mark a disc as lost, and return which of its files are elsewhere, still watched, or gone.

    The next scan stages those again that are still in the watched directory.

    Raises
    ------
    UsageError, EnvironmentFailed
        There is no such stage or disc, or it is not closed; another run is at work there.
    """
    from pybackup.jobs.stage_lost import lose_disc

    return lose_disc(asked)


@takes(StageLostRequest)
def plan_stage_lost(asked: StageLostRequest) -> DiscLoss:
    """Return what would be lost with a disc, without marking it; raises as `stage_lost` does."""
    from pybackup.jobs.stage_lost import lose_disc

    return lose_disc(asked, dry_run=True)
