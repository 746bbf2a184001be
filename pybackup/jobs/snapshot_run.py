"""Making a snapshot."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from pybackup.monitor import Monitor
from pybackup.options.snapshots import SnapshotRunRequest
from pybackup.snapshots.plan import plan_snapshot
from pybackup.snapshots.prune import judge_snapshots, prune
from pybackup.snapshots.run import SnapshotMade, dry_run, perform_snapshot


def make_snapshot(
    asked: SnapshotRunRequest, monitor: Monitor, *, may_remove: Callable[[], bool] = lambda: True
) -> SnapshotMade:
    """Make a snapshot, as `pybackup.snapshot_run` says.

    Parameters
    ----------
    may_remove
        Called before snapshots that no rule keeps are removed; if it returns False, they stay.
    """
    source, store, options, policy = asked.location(), asked.store(), asked.snapshot(), asked.policy()
    shown = _shown(asked)
    plan_snapshot(source, shown, store, options)  # before anything is made
    with store.locked() as lock:
        made = perform_snapshot(plan_snapshot(source, shown, store, options), lock, monitor)
        if policy is None:
            return made
        if made.record.problems:
            monitor.note("no snapshot was removed, since this one has problems")
            return made
        judged = judge_snapshots(store.survey(), policy)
        if all(each.stays for each in judged) or not may_remove():
            return made
        removed = prune(store, judged, monitor)
    return replace(made, removed=[snapshot.name for snapshot in removed])


def try_snapshot(asked: SnapshotRunRequest, monitor: Monitor) -> SnapshotMade:
    """Return what `make_snapshot` would make."""
    return dry_run(plan_snapshot(asked.location(), _shown(asked), asked.store(), asked.snapshot()), monitor)


def _shown(asked: SnapshotRunRequest) -> str:
    """Return the source as the record has it: a source on this machine with its absolute path."""
    location = asked.location()
    return os.fsdecode(location.path if location.is_local else os.fsencode(asked.source))
