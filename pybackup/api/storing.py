"""Functions for full and incremental backups in a store that the caller provides."""

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
    """Archive a directory, all of it or what is new since an earlier archive, and put the archive into a store.

    The state of the tree is put beside it as JSON: all files with their SHA-256.

    Parameters
    ----------
    level
        ``full``, ``differential`` (what is new since the last full one), ``incremental`` (since the last), or ``auto``:
        incremental if there is an earlier one. The archive that it builds on is fetched from the store.
    name
        The name of the tree in the store (default: that of the directory).
    work_dir
        The directory for temporary archives (default: the system's).
    options
        Further options of `create`, such as ``exclude``.

    Raises
    ------
    UsageError, EnvironmentFailed
        As `create` does; or the store has no backup to build on. Errors of the store are passed on.
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
    """Restore a directory from a store as it was at a time; only archives with wanted files are fetched.

    Parameters
    ----------
    name
        The name of the tree in the store.
    to
        The directory to restore to.
    at
        A time as text, or in nanoseconds since 1970: the newest backup until then is restored (default: the newest).
    patterns
        Which entries to restore (default: all).
    options
        Further options of `restore_chain`, such as ``overwrite``.

    Raises
    ------
    UsageError, EnvironmentFailed
        There is no backup of that name, or none so early; else as `restore_chain`. Errors of the store are passed on.
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
    """Return the directory for temporary archives: below the named one, or below the system's."""
    return maybe_directory(named) or tempfile.gettempdirb()
