"""The interface of a directory of snapshots, on this machine or another one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from .location import Location
from .record import Snapshot, SnapshotRecord


class SnapshotStore(Protocol):
    """Snapshots in a directory; `LocalStore` says what each method does."""

    path: bytes

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, so that its files can be read."""

    @property
    def location(self) -> Location:
        """Where it is, for rsync."""

    def survey(self) -> list[Snapshot]:
        """Return all snapshots."""

    def locked(self) -> AbstractContextManager[int]:
        """Lock it for a run."""

    def keeps_nanoseconds(self) -> bool:
        """Return whether times are kept to the nanosecond."""

    def begin(self, name: bytes, record: SnapshotRecord) -> None:
        """Make the directory of a snapshot."""

    def finish(self, name: bytes, record: SnapshotRecord) -> None:
        """Give a snapshot its name."""

    def point_latest(self, name: bytes) -> bool:
        """Make ``latest`` lead to a snapshot."""

    def remove(self, snapshot: Snapshot) -> None:
        """Remove a snapshot."""
