"""Planning a snapshot: its name, what it links to, whether contents are compared, and that the source is there."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pybackup.errors import EnvironmentFailed, UsageError

from .command import MOST_LINK_TARGETS, RsyncOptions
from .completeness import check_mounted
from .local_store import GOING, INCOMPLETE, LATEST
from .location import Location, literally
from .record import Snapshot, SnapshotState
from .store import SnapshotStore

_NAME = "%Y-%m-%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class SnapshotOptions:
    """How a snapshot is made.

    Attributes
    ----------
    name
        Its name; empty for date and time.
    checksum_every_ns
        Compare all contents if the last time was so many ns ago; None for never.
    hash_copied
        Read copied files once more, for their hashes.
    require_files
        The least number of files that the source must have.
    require_mounted
        Directories on which something must be mounted.
    """

    rsync: RsyncOptions = field(default_factory=RsyncOptions)
    name: bytes = b""
    checksum_every_ns: int | None = None
    hash_copied: bool = True
    require_files: int = 1
    require_mounted: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class SnapshotPlan:
    """What a run will do.

    Attributes
    ----------
    link_targets
        The snapshots whose files are linked to: what interrupted runs left, then the newest ones.
    former
        The last complete snapshot; None if there is none.
    expected_entries
        About how many entries the source has.
    """

    source: Location
    shown_source: str
    store: SnapshotStore
    name: bytes
    number: int
    options: SnapshotOptions
    link_targets: Sequence[Snapshot]
    former: Snapshot | None
    left: Sequence[Snapshot]

    @property
    def path(self) -> bytes:
        """The path of the snapshot, as people write it."""
        return self.store.location.below(self.name).shown

    @property
    def target(self) -> Location:
        """Where it is while it is incomplete."""
        return self.store.location.below(self.name + INCOMPLETE)


def plan_snapshot(
    source: Location, shown_source: str, store: SnapshotStore, options: SnapshotOptions, *, now: float | None = None
) -> SnapshotPlan:
    """Return what a run would do.

    Parameters
    ----------
    now
        Seconds since the epoch; None for the clock.

    Raises
    ------
    UsageError
        The source lies in the target; both are on other machines; the name is not fit for a snapshot.
    EnvironmentFailed
        The source is not there, or something is not mounted.
    """
    if not source.is_local and not store.is_local:
        raise UsageError("source and target are both on other machines: run this on one of them")
    check_mounted(options.require_mounted)
    now = time.time() if now is None else now
    if source.is_local:
        options = _for_local_source(source, store, options)
    there = store.survey()
    complete = [snapshot for snapshot in there if snapshot.is_complete]
    left = [snapshot for snapshot in there if not snapshot.is_complete]
    interrupted = [snapshot for snapshot in left if snapshot.state is SnapshotState.INCOMPLETE][-1:]
    newest = complete[::-1][: MOST_LINK_TARGETS - len(interrupted)]
    if _is_checksum_due(complete, options, now):
        options = replace(options, rsync=replace(options.rsync, checksum=True))
    numbers = [snapshot.record.number for snapshot in there if snapshot.record]
    return SnapshotPlan(
        source,
        shown_source,
        store,
        _checked_name(options.name) if options.name else _free_name(now, there),
        max(numbers, default=0) + 1,
        options,
        [*interrupted, *newest],
        complete[-1] if complete else None,
        left,
    )


def _for_local_source(source: Location, store: SnapshotStore, options: SnapshotOptions) -> SnapshotOptions:
    """Check that a source on this machine is there; exclude the target if it lies in the source."""
    if not os.path.isdir(source.path):
        reason = "is no directory" if os.path.lexists(source.path) else "is not there; is it mounted?"
        raise EnvironmentFailed(f"{os.fsdecode(source.path)}: {reason}")
    if not store.is_local:
        return options
    above, below = os.path.realpath(source.path), os.path.realpath(store.path)
    if above == below or above.startswith(below.rstrip(b"/") + b"/"):
        raise UsageError(f"{os.fsdecode(source.path)}: lies in {os.fsdecode(store.path)}, where its snapshots would go")
    if not below.startswith(above.rstrip(b"/") + b"/"):
        return options
    rule = b"- " + literally(b"/" + os.path.relpath(below, above))
    return replace(options, rsync=replace(options.rsync, filters=(rule, *options.rsync.filters)))


def _is_checksum_due(complete: Sequence[Snapshot], options: SnapshotOptions, now: float) -> bool:
    if options.checksum_every_ns is None:
        return False
    since = now - options.checksum_every_ns / 1e9
    # The first snapshot copied everything, which is as good as comparing all contents.
    ours = [snapshot.record for snapshot in complete if snapshot.record]
    return bool(ours) and not any(
        since < record.started <= now and (record.checksum or record.number == 1) for record in ours
    )


def _checked_name(name: bytes) -> bytes:
    wrong = name.startswith(b".") or name.endswith((INCOMPLETE, GOING)) or name == LATEST
    if wrong or b"/" in name or b"\0" in name:
        raise UsageError(f"{os.fsdecode(name)!r} is no name for a snapshot")
    return name


def _free_name(now: float, there: Sequence[Snapshot]) -> bytes:
    """Return the local date and time; with a number behind it if a snapshot has that name."""
    name = time.strftime(_NAME, time.localtime(now)).encode()
    taken = {snapshot.name for snapshot in there}
    free, number = name, 1
    while free in taken:
        number += 1
        free = b"%b-%d" % (name, number)
    return free
