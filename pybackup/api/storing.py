"""Functions for backups in a store, which the caller provides: full, incremental, restored as of any of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pybackup.monitor import Monitor
from pybackup.options import Path, values

from .asked import maybe_directory, warning_monitor

if TYPE_CHECKING:
    from pybackup.host.store import Store
    from pybackup.jobs.restore import RestoredRun
    from pybackup.jobs.store_backup import StoredBackup


def backup(
    source: Path,
    store: Store,
    *,
    level: str = "auto",
    name: str | None = None,
    work_dir: Path | None = None,
    monitor: Monitor | None = None,
    **options: object,
) -> StoredBackup:
    """Archive a directory and put the archive into a store: all of it, or what is new since an earlier one there.

    Beside it the state of the tree is put, as JSON: which files there are, with their SHA-256.

    Parameters
    ----------
    level
        ``full``, ``differential`` (what is new since the last full one), ``incremental`` (since the last), or ``auto``:
        incremental where there is one before. The archive that it builds on is fetched.
    name
        What the tree is called in the store (default: as the directory is).
    work_dir
        Where archives lie meanwhile (default: that of temporary files).
    options
        Further ones of `create`, such as ``exclude``.

    Raises
    ------
    UsageError, EnvironmentFailed
        As `create` does; there is nothing in the store to build on. What the store raises goes through.
    """
    from pybackup.host.temporaries import temporary_directory
    from pybackup.jobs.store_backup import put_backup

    directory = values.path(source)
    called = name or os.fsdecode(os.path.basename(os.path.abspath(directory)))
    with temporary_directory(_work_dir(work_dir)) as room:
        return put_backup(directory, store, called, level, room, options, warning_monitor(monitor))


def restore_backup(
    name: str,
    to: Path,
    store: Store,
    *,
    at: int | str | None = None,
    patterns: Iterable[Path] = (),
    work_dir: Path | None = None,
    monitor: Monitor | None = None,
    **options: object,
) -> RestoredRun:
    """Restore a directory out of a store, as it was at a time; only archives that hold what is wanted are fetched.

    Parameters
    ----------
    name
        What the tree is called in the store.
    to
        The directory below which it appears.
    at
        A time, or a number of nanoseconds since the epoch: the newest backup until then (default: of all).
    patterns
        What of it is wanted (default: everything).
    options
        Further ones of `restore_chain`, such as ``overwrite``.

    Raises
    ------
    UsageError, EnvironmentFailed
        There is no backup of that name, or none so early; as `restore_chain`. What the store raises goes through.
    """
    from pybackup.host.temporaries import temporary_directory
    from pybackup.jobs.store_backup import get_backup
    from pybackup.options.restoring import RestoreRequest

    wanted = values.paths(values.several(patterns, "patterns"))
    asked = RestoreRequest([], to, wanted, work_dir=work_dir, **options)  # type: ignore[arg-type]
    with temporary_directory(_work_dir(work_dir)) as room:
        return get_backup(name, store, values.maybe(at, values.until), asked, room, warning_monitor(monitor))


def full_backup(source: Path, store: Store, **options: object) -> StoredBackup:
    """As `backup` at the level ``full``."""
    return backup(source, store, level="full", **options)  # type: ignore[arg-type]


def incremental_backup(source: Path, store: Store, **options: object) -> StoredBackup:
    """As `backup` at the level ``incremental``."""
    return backup(source, store, level="incremental", **options)  # type: ignore[arg-type]


def _work_dir(named: Path | None) -> bytes:
    """Return where archives lie meanwhile: below that directory, or where temporary files go."""
    return maybe_directory(named) or tempfile.gettempdirb()
