"""Scanning the watched directory of a stage, and closing its disc by hand."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pybackup.monitor import Monitor
from pybackup.options import values
from pybackup.options.stages import StageCloseRequest, StageScanRequest, rules_of
from pybackup.stage.intake import ScanCounts
from pybackup.stage.open_disc import DISCS, VOLUMES
from pybackup.stage.reconcile import reconcile
from pybackup.stage.scan import Scan
from pybackup.stage.state import StageState
from pybackup.stage.state_file import open_state, stage_lock
from pybackup.stage.values import DiscState, StageChange, StagedDisc
from pybackup.stage.watched import check_watched

if TYPE_CHECKING:
    from .stage_close import ClosedDisc


@dataclass(frozen=True, slots=True)
class StageScanned:
    """What a scan found and did: each change, the counts, and the discs that it closed."""

    changes: tuple[StageChange, ...]
    counts: ScanCounts
    closed: tuple[ClosedDisc, ...]


class StageScanning:
    """A scan. Iterating performs it and yields each change; afterwards `counts` and `closed` are complete."""

    def __init__(self, asked: StageScanRequest, monitor: Monitor, *, now_ns: int | None = None) -> None:
        self._staging = values.directory(asked.staging)
        self._workers = values.maybe(asked.workers, values.positive)
        self._monitor = monitor
        self._now = time.time_ns() if now_ns is None else now_ns
        self.counts = ScanCounts()
        self.closed: list[ClosedDisc] = []

    def __iter__(self) -> Iterator[StageChange]:
        with open_state(self._staging), stage_lock(self._staging), open_state(self._staging) as state:
            check_watched(state)
            rules = rules_of(state.settings.exclude) if state.settings.exclude else None
            self.closed += _begin(state, self._now, self._workers, self._monitor)

            def close(disc: StagedDisc) -> list[StagedDisc]:
                from .stage_close import close_disc  # most scans close none, and load nothing that makes discs

                closed = close_disc(
                    state, state.disc(disc.number), now_ns=self._now, workers=self._workers, monitor=self._monitor
                )
                self.closed += closed
                return [state.disc(each.number) for each in closed]

            scan = Scan(
                state, judge=rules.judge if rules else None, close=close, now_ns=self._now, monitor=self._monitor
            )
            self.counts = scan.counts
            yield from scan.run()


def scan_all(asked: StageScanRequest, monitor: Monitor, *, now_ns: int | None = None) -> StageScanned:
    """Scan, as `pybackup.stage_scan` says."""
    scanning = StageScanning(asked, monitor, now_ns=now_ns)
    changes = tuple(scanning)
    return StageScanned(changes, scanning.counts, tuple(scanning.closed))


def close_open(asked: StageCloseRequest, monitor: Monitor, *, now_ns: int | None = None) -> list[ClosedDisc]:
    """Close the open disc, and discs that a killed run has begun to close.

    Raises
    ------
    UsageError
        The disc has no file.
    """
    staging, now = values.directory(asked.staging), time.time_ns() if now_ns is None else now_ns
    workers = values.maybe(asked.workers, values.positive)
    with open_state(staging), stage_lock(staging), open_state(staging) as state:
        from .stage_close import close_disc

        closed = _begin(state, now, workers, monitor)
        disc = state.open_disc(now)
        if disc.files or not closed:
            closed += close_disc(state, disc, now_ns=now, workers=workers, monitor=monitor)
        return closed


def _begin(state: StageState, now_ns: int, workers: int | None, monitor: Monitor) -> list[ClosedDisc]:
    """Finish what a killed run has left undone, and return the discs that were closed for it."""
    if not state.is_clean:
        disc = state.open_disc(now_ns)
        count = reconcile(state, disc, now_ns)
        if count:
            monitor.note(f"{disc.name}: the last scan was interrupted; {count:,} of its files were compared again")
        state.mark_clean(clean=True)
        state.commit()
    closing = state.numbers(DiscState.CLOSING)
    if not closing and not _has_rest(state):
        return []
    from .stage_archive import remove_archives
    from .stage_close import close_disc

    remove_archives(state)
    closed: list[ClosedDisc] = []
    while closing := state.numbers(DiscState.CLOSING):
        closed += close_disc(state, state.disc(closing[0]), now_ns=now_ns, workers=workers, monitor=monitor)
    return closed


def _has_rest(state: StageState) -> bool:
    """Whether a killed run has left staged files or archives of discs that are closed."""
    is_open = {os.fsencode(state.settings.disc_name(number)) for number in state.numbers(DiscState.OPEN)}
    for directory in (DISCS, VOLUMES):
        with suppress(FileNotFoundError):
            if {*os.listdir(os.path.join(state.directory, directory))} - is_open:
                return True
    return False
