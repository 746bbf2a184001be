"""The status of a stage: its discs, how full the open one is, which files wait, which discs are due for a check."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from pybackup.options import values
from pybackup.options.stages import StageRequest
from pybackup.stage.state_file import open_state
from pybackup.stage.values import DiscState, StagedDisc, StageSettings, WaitReason


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that waits, why, and since when in ns since the epoch."""

    path: bytes
    size: int
    reason: WaitReason
    since_ns: int


@dataclass(frozen=True, slots=True)
class DiscStanding:
    """A disc of a stage, and whether it is due for a check.

    Attributes
    ----------
    covers
        The names of the discs that a recovery disc covers; none for other discs.
    rebuild_from
        Of a lost disc that can be rebuilt, the names of the recovery discs that are needed for that.
    """

    disc: StagedDisc
    is_due: bool
    covers: tuple[str, ...] = ()
    rebuild_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageStatus:
    """The status of a stage, as of its last scan.

    Attributes
    ----------
    files, content_bytes
        The number of watched files, and their bytes.
    open_disc
        The disc that takes files; these are not on a real disc yet.
    waiting
        Files that are not even staged.
    discs
        All other discs.
    lost_files
        How many watched files are only on lost discs; the next scan stages them again.
    """

    settings: StageSettings
    staging: bytes
    last_scan_ns: int | None
    files: int
    content_bytes: int
    open_disc: StagedDisc | None
    waiting: tuple[WaitingFile, ...]
    discs: tuple[DiscStanding, ...]
    lost_files: int
    state_bytes: int


def status_of_stage(asked: StageRequest, *, now_ns: int | None = None) -> StageStatus:
    """Return the status of a stage, as `pybackup.stage_status` says."""
    now = time.time_ns() if now_ns is None else now_ns
    with open_state(values.directory(asked.staging)) as state:
        settings, discs = state.settings, state.discs()
        files, n_bytes = state.count_files()
        covers, rebuilders = state.covers(), state.rebuilders()

        def names(numbers: Iterable[int]) -> tuple[str, ...]:
            return tuple(map(settings.disc_name, numbers))

        return StageStatus(
            settings,
            state.directory,
            state.last_scan_ns(),
            files,
            n_bytes,
            next((disc for disc in discs if disc.state is DiscState.OPEN), None),
            tuple(WaitingFile(*each) for each in state.waiting()),
            tuple(
                DiscStanding(
                    disc,
                    _is_due(disc, settings, now),
                    names(covers.get(disc.number, ())),
                    names(rebuilders.get(disc.number, ())),
                )
                for disc in discs
                if disc.state != DiscState.OPEN
            ),
            state.count_unsafe(),
            state.state_bytes(),
        )


def _is_due(disc: StagedDisc, settings: StageSettings, now_ns: int) -> bool:
    if disc.state is not DiscState.BURNT:
        return False
    return disc.checked_ns is None or now_ns - disc.checked_ns >= settings.due_ns
