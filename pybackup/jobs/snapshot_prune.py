"""Removing snapshots that no rule keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.model.retention import Retention
from pybackup.monitor import Monitor
from pybackup.snapshots.prune import JudgedSnapshot, judge_snapshots, prune
from pybackup.snapshots.store import SnapshotStore


@dataclass(frozen=True, slots=True)
class PrunedSnapshots:
    """Which snapshots of a directory were removed.

    Attributes
    ----------
    judged
        All snapshots that were there, in the order in which they were made.
    removed
        The names of those that were removed; one that should have been and is not among them could not be removed.
    """

    judged: Sequence[JudgedSnapshot]
    removed: Sequence[bytes]


def prune_snapshots(store: SnapshotStore, policy: Retention, monitor: Monitor) -> PrunedSnapshots:
    """Remove the snapshots that no rule keeps, as `pybackup.snapshot_prune` says."""
    with store.locked():
        judged = judge_snapshots(store.survey(), policy)
        return PrunedSnapshots(judged, [snapshot.name for snapshot in prune(store, judged, monitor)])


def plan_pruning(store: SnapshotStore, policy: Retention) -> PrunedSnapshots:
    """Return what `prune_snapshots` would do."""
    return PrunedSnapshots(judge_snapshots(store.survey(), policy), ())
