"""Making a planned snapshot: rsync copies it beside the others, and it gets its name when it is complete."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pybackup.errors import EnvironmentFailed
from pybackup.host.environment import environment
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Phase

from .command import rsync_command
from .completeness import check_count, reason_to_doubt
from .hashes import open_hashes
from .local_store import INCOMPLETE, LATEST, LocalStore
from .output import Totals
from .plan import SnapshotPlan
from .record import Snapshot, SnapshotRecord, SnapshotState
from .shared import Shared, compare_with_former
from .take_hashes import HashTaker
from .transfer import PARTIAL, Transferred, transfer


@dataclass(frozen=True, slots=True)
class SnapshotMade:
    """A snapshot that was made, or would be, in a dry run.

    Attributes
    ----------
    shared
        How it compares with the one before; None in a dry run, and where the target is on another machine.
    removed
        Snapshots that the rules did not keep.
    """

    path: bytes
    record: SnapshotRecord
    totals: Totals
    shared: Shared | None
    linked_to: Sequence[bytes]
    removed: Sequence[bytes] = ()
    is_dry: bool = False


def dry_run(plan: SnapshotPlan, monitor: Monitor) -> SnapshotMade:
    """Ask rsync what it would copy; nothing is written."""
    done = transfer(_command(plan, dry_run=True), "comparing", _expected(plan), monitor)
    check_count(done.totals.files, plan.options.require_files, plan.shown_source)
    return SnapshotMade(plan.path, _record(plan, time.time(), done), done.totals, None, _names(plan), is_dry=True)


def perform_snapshot(plan: SnapshotPlan, lock: int, monitor: Monitor) -> SnapshotMade:
    """Make the snapshot; each file that rsync could not copy is a problem.

    Parameters
    ----------
    lock
        The descriptor that `LocalStore.locked` gave.

    Raises
    ------
    EnvironmentFailed
        rsync gave up, or the source seems incomplete. What was copied stays as ``NAME.incomplete``, and the next run
        links to it.
    """
    started = time.time()
    monitor.plan([Phase("copying", 5), Phase("comparing", 3)])
    begun = SnapshotRecord(plan.number, started, started, plan.shown_source, platform.node(), is_complete=False)
    exact = replace(plan.options.rsync, exact_times=plan.store.keeps_nanoseconds())
    plan = replace(plan, options=replace(plan.options, rsync=exact))
    plan.store.begin(plan.name, begun)
    before = len(monitor.problems)
    try:
        done = transfer(_command(plan), "copying", _expected(plan), monitor, held=(lock,))
        _check(plan, done, monitor.problems[before:])
    except EnvironmentFailed:
        _leave(plan)
        raise
    shared = _compared(plan, plan.store, done, monitor) if isinstance(plan.store, LocalStore) else None
    _tell(plan, done, shared, monitor)
    record = replace(_record(plan, started, done, shared), problems=len(monitor.problems) - before)
    plan.store.finish(plan.name, record)
    if not plan.store.point_latest(plan.name):
        monitor.note(f"{os.fsdecode(LATEST)}: stays as it is, since it is no symbolic link")
    for snapshot in plan.left:
        plan.store.remove(snapshot)
    return SnapshotMade(plan.path, record, done.totals, shared, _names(plan))


def _command(plan: SnapshotPlan, *, dry_run: bool = False) -> list[bytes]:
    links = [os.path.join(plan.store.path, snapshot.directory) for snapshot in plan.link_targets]
    return rsync_command(plan.source, plan.target, links, plan.options.rsync, dry_run=dry_run)


def _names(plan: SnapshotPlan) -> list[bytes]:
    return [snapshot.directory for snapshot in plan.link_targets]


def _expected(plan: SnapshotPlan) -> int:
    return plan.former.record.files if plan.former and plan.former.record else 0


def _check(plan: SnapshotPlan, done: Transferred, problems: Sequence[Problem]) -> None:
    """Refuse a snapshot that can hardly be all of the source."""
    if done.status == PARTIAL and not done.totals.files and problems:
        raise EnvironmentFailed(f"{plan.shown_source}: nothing could be copied: {problems[0].reason}")
    check_count(done.totals.files, plan.options.require_files, plan.shown_source)
    if done.status != PARTIAL or plan.former is None or plan.former.record is None:
        return
    was = plan.former.record
    reason = reason_to_doubt(done.totals.files, done.totals.content_bytes, was.files, was.content_bytes)
    if reason:
        raise EnvironmentFailed(f"{plan.shown_source}: {reason}, and not all could be read: is it there still?")


def _leave(plan: SnapshotPlan) -> None:
    """Remove an incomplete snapshot that is of no use to the next run."""
    if not plan.store.is_local:
        return
    incomplete = plan.target.path
    try:
        with os.scandir(incomplete) as entries:
            is_empty = not any(entries)
        if is_empty:
            snapshot = Snapshot(plan.name, plan.name + INCOMPLETE, SnapshotState.INCOMPLETE)
            plan.store.remove(snapshot)
    except (OSError, EnvironmentFailed):
        return


def _compared(plan: SnapshotPlan, store: LocalStore, done: Transferred, monitor: Monitor) -> Shared:
    """Compare the new snapshot with the one before, and take hashes of new files; the snapshot is good without them."""
    path = plan.target.path
    former = os.path.join(store.path, plan.former.directory) if plan.former else None
    monitor.begin("comparing", 0, done.totals.copied_bytes if plan.options.hash_copied else 0)
    with ExitStack() as stack:
        stack.enter_context(environment(path))
        taken = []
        try:
            hashes = stack.enter_context(open_hashes(store.records))
            taken.append(HashTaker(hashes, path, read=plan.options.hash_copied, monitor=monitor))
        except EnvironmentFailed as error:
            monitor.problem(Problem(plan.path, Trouble.UNRECORDED, f"no hashes are taken: {error}"))
        shared = compare_with_former(path, former, taken[0].take if taken else None)
        if taken:
            taken[0].finish()
    monitor.end()
    return shared


def _tell(plan: SnapshotPlan, done: Transferred, shared: Shared | None, monitor: Monitor) -> None:
    """Tell the monitor what is odd about the snapshot, compared with the one before."""
    former = plan.former.record if plan.former else None
    if former:
        reason = reason_to_doubt(done.totals.files, done.totals.content_bytes, former.files, former.content_bytes)
        if reason:
            monitor.problem(Problem(plan.path, Trouble.MISSING, f"{reason}: is all of the source there?"))
    if shared is None:
        if former and done.totals.files and done.totals.copied_files == done.totals.files:
            monitor.note("all files were copied and none was linked: did all of them change?")
        return
    if not shared.unlinked:
        return
    if plan.options.rsync.checksum:
        text = f"{shared.unlinked:,} with other content under the size and time that they had: rot, here or there"
        monitor.problem(Problem(plan.path, Trouble.DIFFERENT, text))
    elif not shared.linked:
        text = f"{shared.unlinked:,} unchanged files were copied and none was linked: does the file system have links?"
        monitor.problem(Problem(plan.path, Trouble.DIFFERENT, text))
    else:
        if shared.full:
            monitor.note(
                f"{shared.full:,} unchanged files were copied: they have as many links as the file system allows"
            )
        if shared.unlinked > shared.full:
            others = shared.unlinked - shared.full
            monitor.note(f"{others:,} unchanged files were copied and not linked: extended attributes differ")


def _record(plan: SnapshotPlan, started: float, done: Transferred, shared: Shared | None = None) -> SnapshotRecord:
    totals = done.totals
    return SnapshotRecord(
        plan.number,
        started,
        time.time(),
        plan.shown_source,
        platform.node(),
        done.status,
        plan.options.rsync.checksum,
        totals.files,
        totals.content_bytes,
        totals.copied_files,
        totals.copied_bytes,
        shared.linked if shared else None,
        shared.new if shared else None,
        shared.changed if shared else None,
        shared.deleted if shared else None,
        most_links=shared.most_links if shared else 0,
    )
