"""Checking which files exist where an archive or a set is to be written, and whether they may be replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pybackup.archive.find import volumes_in
from pybackup.archive.suffixes import OWN_SUFFIX
from pybackup.container.read import read_locator
from pybackup.errors import Exists, UsageError
from pybackup.host.check_outputs import check_outputs
from pybackup.host.directories import files_in
from pybackup.host.environment import environment, make_directory
from pybackup.host.storage import ArchiveFile
from pybackup.model.volume import VolumeInfo
from pybackup.monitor import Monitor

from .plan_set import SetOptions
from .resume import Finished, find_finished


def check_output(path: bytes, *, replace: bool = False) -> None:
    """Refuse an existing output, unless it may be replaced and is an archive: a typing mistake must not cost a photo.

    Raises
    ------
    Exists
        The output exists, and is not to be replaced.
    UsageError
        The output exists, and is not an archive.
    """
    check_outputs([path], replace=replace)
    if os.path.isfile(path):
        with ArchiveFile(path) as file:
            if file.size and read_locator(file) is None:
                raise UsageError(f"{os.fsdecode(path)}: exists and is no archive; remove it or choose another name")


def finished_volumes(to: SetOptions, *, replace: bool = False) -> list[Finished]:
    """Return the existing volumes of a set that is to be continued, by number; make the directory if it is missing.

    Raises
    ------
    Exists
        There are volumes, and the set is neither to be continued nor replaced.
    UsageError
        Volumes of another set are there, or an earlier volume is missing.
    """
    if to.resume and replace:
        raise UsageError("resuming a set and replacing it exclude each other")
    make_directory(to.directory)
    _check_strangers(to)
    finished = [] if replace else find_finished(to.directory, to.name)
    if finished and not to.resume:
        there = os.fsdecode(finished[0].path)
        raise Exists(
            f"{there}: contains a volume already; choose another directory for a new set",
            option="resume",
            hint="continues the set after it",
        )
    return finished


def remove_rest(to: SetOptions, set_id: bytes, monitor: Monitor) -> None:
    """Remove the remaining volumes of a replaced set that had more volumes than the new one of the same name.

    They are useless without the replaced ones, and a command given the directory would find volumes of two sets.

    Parameters
    ----------
    set_id
        The id of the new set.

    Raises
    ------
    EnvironmentFailed
        A volume cannot be removed.
    """
    for path, infos in _found_in(to.directory):
        info = infos[0] if len(infos) == 1 else None
        if info is None or info.name != to.name or info.set_id == set_id:
            continue
        if info.file_name == os.path.basename(path):
            with environment(path):
                os.unlink(path)
            monitor.note(f"{os.fsdecode(path)}: removed; it belongs to the set that was replaced")


def _check_strangers(to: SetOptions) -> None:
    """Refuse a directory with volumes of another set, as commands given the directory would find both sets."""
    for path, infos in _found_in(to.directory):
        for info in infos:
            if info and info.name != to.name:
                raise UsageError(f"{os.fsdecode(path)}: belongs to another set, {info.name}; choose another directory")


def _found_in(directory: bytes) -> Iterator[tuple[bytes, list[VolumeInfo | None]]]:
    """Yield each archive in a directory, with the set and number of each volume in it; None for a single archive."""
    for path in files_in(directory, OWN_SUFFIX):
        yield path, [volume.info for volume in volumes_in(path)]
