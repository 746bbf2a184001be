"""Which snapshots are kept, each with the reasons; and removing the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.errors import EnvironmentFailed
from pybackup.model.problem import Problem, Trouble
from pybackup.model.retention import Retention, why_kept
from pybackup.monitor import Monitor

from .record import Snapshot, SnapshotState
from .store import SnapshotStore

_NS = 10**9


@dataclass(frozen=True, slots=True)
class JudgedSnapshot:
    """A snapshot, and the reasons to keep it; without a reason it is removed."""

    snapshot: Snapshot
    reasons: Sequence[str]

    @property
    def stays(self) -> bool:
        """Whether it is kept."""
        return bool(self.reasons)


def judge_snapshots(there: Sequence[Snapshot], policy: Retention) -> list[JudgedSnapshot]:
    """Return which of the snapshots are kept, and why.

    The last one that was made always is, and the last one without problems. Those that other programs made, or that are
    incomplete, are kept too; what a killed run has begun to remove is not.
    """
    ours = [each for each in there if each.state is SnapshotState.COMPLETE and each.record]
    records = [each.record for each in ours if each.record]
    reasons = why_kept([int(record.started * _NS) for record in records], policy)
    if ours:
        reasons[-1] = ["the newest", *reasons[-1]]
    sound = [number for number, record in enumerate(records) if not record.problems]
    if sound and not reasons[sound[-1]]:
        reasons[sound[-1]] = ["the newest without problems"]
    of = {each.directory: why for each, why in zip(ours, reasons, strict=True)}
    return [JudgedSnapshot(each, of.get(each.directory, _why_not_judged(each))) for each in there]


def prune(store: SnapshotStore, judged: Sequence[JudgedSnapshot], monitor: Monitor) -> list[Snapshot]:
    """Remove the snapshots that are not kept, the oldest first; the caller holds the lock.

    Returns those that were removed; one that cannot be is a problem.
    """
    going = [each.snapshot for each in judged if not each.stays]
    removed = []
    if going:
        monitor.begin("removing", len(going), 0)
        for snapshot in going:
            try:
                store.remove(snapshot)
                removed.append(snapshot)
            except EnvironmentFailed as error:
                monitor.problem(Problem(snapshot.directory, Trouble.REFUSED, f"not removed: {error}"))
            monitor.advance(1, 0)
        monitor.end()
    return removed


def _why_not_judged(snapshot: Snapshot) -> list[str]:
    if snapshot.state is SnapshotState.GOING:
        return []
    if snapshot.state is SnapshotState.INCOMPLETE:
        return ["incomplete: the next run links to it"]
    return [snapshot.state.value]
