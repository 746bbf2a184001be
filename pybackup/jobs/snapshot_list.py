"""Listing the snapshots in a directory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pybackup.errors import UsageError
from pybackup.host.environment import environment
from pybackup.monitor import Monitor
from pybackup.snapshots.record import Snapshot
from pybackup.snapshots.shared import alone_bytes
from pybackup.snapshots.store import SnapshotStore


@dataclass(frozen=True, slots=True)
class ListedSnapshot:
    """A snapshot, and how many bytes removing it alone would free; None if that was not asked for."""

    snapshot: Snapshot
    path: bytes
    alone_bytes: int | None


def list_snapshots(store: SnapshotStore, *, sizes: bool, monitor: Monitor) -> Iterator[ListedSnapshot]:
    """Yield the snapshots in the order in which they were made.

    Raises
    ------
    EnvironmentFailed
        One cannot be read.
    UsageError
        Sizes are asked for of another machine.
    """
    there = store.survey()
    if sizes and not store.is_local:
        raise UsageError("sizes can only be shown of snapshots on this machine")
    if sizes:
        monitor.begin("looking", len(there), 0)
    for snapshot in there:
        path = store.location.below(snapshot.directory).shown
        alone = None
        if sizes:
            with environment(path):
                alone = alone_bytes(path)
            monitor.advance(1, 0)
        yield ListedSnapshot(snapshot, path, alone)
    if sizes:
        monitor.end()
