"""Functions for snapshots: directories as they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pybackup.options import values
from pybackup.options.functions import takes
from pybackup.options.snapshots import (
    SnapshotDiffRequest,
    SnapshotListRequest,
    SnapshotPruneRequest,
    SnapshotRunRequest,
    SnapshotVerifyRequest,
)

from .asked import monitor_of

if TYPE_CHECKING:
    from pybackup.check.diff import Change
    from pybackup.jobs.snapshot_list import ListedSnapshot
    from pybackup.jobs.snapshot_prune import PrunedSnapshots
    from pybackup.jobs.snapshot_verify import SnapshotsVerdict
    from pybackup.snapshots.run import SnapshotMade


@takes(SnapshotRunRequest)
def snapshot_run(asked: SnapshotRunRequest) -> SnapshotMade:
    """Make a snapshot with rsync: a directory that holds all of the source, unchanged files as links to earlier ones.

    Raises
    ------
    UsageError
        The source lies in the target; or an argument for rsync is refused.
    EnvironmentFailed
        The source is not there or has no files; rsync is missing or gave up; or another run is at work in the target.
    """
    from pybackup.jobs.snapshot_run import make_snapshot

    return make_snapshot(asked, monitor_of(asked))


@takes(SnapshotRunRequest)
def plan_snapshot_run(asked: SnapshotRunRequest) -> SnapshotMade:
    """Return what `snapshot_run` would make, by a dry run of rsync; raises as `snapshot_run` does."""
    from pybackup.jobs.snapshot_run import try_snapshot

    return try_snapshot(asked, monitor_of(asked))


@takes(SnapshotListRequest)
def snapshot_list(asked: SnapshotListRequest) -> Iterator[ListedSnapshot]:
    """Yield the snapshots in a directory, in the order in which they were made.

    Raises
    ------
    UsageError, EnvironmentFailed
        There is no such directory; it cannot be read.
    """
    from pybackup.jobs.snapshot_list import list_snapshots

    return list_snapshots(asked.store(), sizes=asked.sizes, monitor=monitor_of(asked))


@takes(SnapshotDiffRequest)
def snapshot_diff(asked: SnapshotDiffRequest) -> Sequence[Change]:
    """Return what changed from one snapshot to another, or to the live directory.

    Raises
    ------
    UsageError
        There is no such directory.
    """
    from pybackup.check.diff import diff_trees

    old, new = values.directory(asked.old), values.directory(asked.new)
    return diff_trees(old, new, checksum=asked.checksum, monitor=monitor_of(asked))


@takes(SnapshotVerifyRequest)
def snapshot_verify(asked: SnapshotVerifyRequest) -> SnapshotsVerdict:
    """Read every file of snapshots, once however many snapshots share it, and compare it with its hash.

    Raises
    ------
    UsageError, EnvironmentFailed
        There is no such snapshot; another run is at work there.
    """
    from pybackup.jobs.snapshot_verify import verify as check

    return check(asked.store(), asked.names(), monitor_of(asked))


@takes(SnapshotPruneRequest)
def snapshot_prune(asked: SnapshotPruneRequest) -> PrunedSnapshots:
    """Remove the snapshots that no rule keeps; never the newest one, nor those that other programs made.

    Raises
    ------
    UsageError
        The rules are wrong.
    EnvironmentFailed
        Another run is at work there.
    """
    from pybackup.jobs.snapshot_prune import prune_snapshots

    return prune_snapshots(asked.store(), asked.policy(), monitor_of(asked))


@takes(SnapshotPruneRequest)
def plan_snapshot_prune(asked: SnapshotPruneRequest) -> PrunedSnapshots:
    """Return what `snapshot_prune` would do; raises as it does."""
    from pybackup.jobs.snapshot_prune import plan_pruning

    return plan_pruning(asked.store(), asked.policy())
