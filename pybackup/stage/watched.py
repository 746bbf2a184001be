"""The watched directory as a whole: whether it is there, and how much of it changed since the last scan."""

from __future__ import annotations

import os

from pybackup.errors import UsageError
from pybackup.host.environment import environment
from pybackup.model.display import display
from pybackup.model.source import Judge

from .look import look
from .state import StageState


def check_watched(state: StageState) -> None:
    """Refuse a scan if the watched directory is not there: an unmounted drive looks like a directory without files.

    Raises
    ------
    UsageError
        There is no such directory, or nothing is mounted where a drive was.
    """
    settings = state.settings
    name = display(settings.watched)
    if settings.mounted and not os.path.ismount(settings.mounted):
        raise UsageError(f"{name}: nothing is mounted on {display(settings.mounted)}, where something was when the "
                         "stage was made")  # fmt: skip
    if not os.path.isdir(settings.watched):
        raise UsageError(f"{name}: no such directory")


def changed_since(state: StageState, judge: Judge | None) -> tuple[int, int]:
    """Return how many files are new or changed since the last scan, and their bytes. Only statuses are read."""
    files = n_bytes = 0
    watched = state.settings.watched
    with environment(watched):
        for directory, found in look(watched, judge, lambda path, error: None):
            known = state.files_in(directory)
            for name, size, *times in found:
                row = known.get(os.fsencode(name))
                if row is None or row[:3] != (size, *times):
                    files += 1
                    n_bytes += size
    return files, n_bytes


def times_of(status: os.stat_result) -> tuple[int, int, int]:
    """Return size, mtime and ctime of a status, the first fields of `pybackup.stage.values.KnownFile`."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
