"""Backups of a tree in a store, as full and incremental archives; any of them can be restored."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pybackup.archive.matching import select
from pybackup.archive.open import open_archive
from pybackup.archive.runs import Runs, runs_among
from pybackup.catalogue.connect import create_catalogue
from pybackup.errors import UsageError
from pybackup.host.store import Store
from pybackup.host.store_names import base_of, check_name, kept_of, moment_of, next_moment
from pybackup.make.levels import AUTO
from pybackup.make.run import perform_create
from pybackup.model.run import RunLevel
from pybackup.monitor import Monitor
from pybackup.options.making import CreateRequest
from pybackup.options.restoring import RestoreRequest

from .catalogue_record import record_archives
from .chain_runs import run_at
from .create import plan_archive
from .export_state import export_state
from .restore import RestoredRun, restore_run


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """A backup that was put into a store.

    Attributes
    ----------
    name
        The name of the tree in the store.
    level
        Whether it is full or builds on an earlier backup.
    files
        The files that were put into the store, the archive and the state of the tree as JSON: their lengths in bytes by
        name.
    """

    name: str
    level: RunLevel
    files: Mapping[str, int]


def put_backup(
    source: bytes, store: Store, name: str, level: str, room: bytes, options: Mapping[str, object], monitor: Monitor
) -> StoredBackup:
    """Archive a tree, or what is new in it, and put the archive and the state of the tree into a store.

    The archives are a chain with the name of the tree; an incremental one builds on the newest, which is fetched.

    Parameters
    ----------
    room
        An empty directory, for the new archive and the one that it builds on.
    options
        Other options of `create`.

    Raises
    ------
    UsageError, EnvironmentFailed
        There is no backup to build on; or as `create`.
    """
    check_name(name, source)
    if options.get("parity_sidecar"):
        raise UsageError("is not possible in a store: there an archive contains its parity", option="parity_sidecar")
    kept = kept_of(name, store)
    base = base_of(kept, name, level)
    if level == AUTO:
        level = RunLevel.INCREMENTAL if base else RunLevel.FULL
    moment = next_moment(kept)
    catalogue = os.path.join(room, b"catalogue.sqlite")
    output = os.path.join(room, os.fsencode(f"{name}.{level}.{moment}Z.xtar"))
    before = [] if base is None else [_fetch(store, base.file, room)]
    with create_catalogue(os.fsdecode(catalogue)) as known:
        record_archives(known, before, monitor)
    asked = CreateRequest(
        [source],
        output,
        chain=name,
        level=level,
        since_archive=before,
        catalogue=os.fsdecode(catalogue),
        monitor=monitor,
        **options,  # type: ignore[arg-type]
    )
    perform_create(plan_archive(asked, monitor), executor=asked.executor, monitor=monitor)
    state = os.path.join(room, os.fsencode(f"{name}.state.{moment}Z.json"))
    with open_archive(output, [], with_earlier=True, monitor=monitor) as archive:
        export_state(archive, [], state, monitor=monitor)
    # The archive comes last: if it is in the store, so is the rest of the backup.
    for each in (state, output):
        store.put(os.path.basename(os.fsdecode(each)), os.fsdecode(each))
    made = {os.path.basename(os.fsdecode(path)): os.path.getsize(path) for path in (output, state)}
    return StoredBackup(name, RunLevel(level), made)


def get_backup(
    name: str, store: Store, at_ns: int | None, asked: RestoreRequest, room: bytes, monitor: Monitor
) -> RestoredRun:
    """Restore a tree from a store as it was at some time; only the archives that this needs are fetched.

    Parameters
    ----------
    at_ns
        The time in nanoseconds since the epoch; None for the newest backup.
    asked
        What to restore, and where; its archives and its time are ignored.
    room
        An empty directory for the archives that are fetched.

    Raises
    ------
    UsageError, EnvironmentFailed
        There is no backup of that name, or none so early; or as `restore_chain`.
    """
    kept = kept_of(name, store)
    if not kept:
        raise UsageError(f"{name}: no backup of that name in the store")
    fitting = [each for each in kept if at_ns is None or each.moment <= moment_of(at_ns)]
    if not fitting:
        raise UsageError(f"{name}: the store has no backup so early", option="at")
    newest = max(fitting).file
    have = {newest: _fetch(store, newest, room)}
    there = {each.file for each in kept}
    for file in _needed(runs_among([*have.values()], monitor), asked, monitor):
        if file in there and file not in have:
            have[file] = _fetch(store, file, room)
    runs = runs_among([*have.values()], monitor)
    runs.patterns, run = [*map(os.fsencode, asked.patterns)], run_at(runs, None)
    with runs.open(run, monitor) as archive:
        return restore_run(runs, run, archive, asked, monitor=monitor)


def _needed(runs: Runs, asked: RestoreRequest, monitor: Monitor) -> Iterator[str]:
    """Yield the names of archives that are needed to restore what is asked for, and are not fetched yet."""
    with runs.open(run_at(runs, None), monitor) as archive:
        rows = select(archive.listing, [*map(os.fsencode, asked.patterns)])
        yield from (each.label for each in runs.needs_of(archive, rows) if not each.path)


def _fetch(store: Store, file: str, room: bytes) -> bytes:
    path = os.path.join(room, os.fsencode(file))
    store.get(file, os.fsdecode(path))
    return path
