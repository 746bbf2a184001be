"""Checking what exists already where an archive or a set is to be written, and whether it may be replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pybackup.archive.find import OWN_SUFFIX, volumes_in
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
    """Refuse a name that is taken, and to replace what is no archive: a slip of the hand must not cost a photo.

    Raises
    ------
    Exists, UsageError
    """
    check_outputs([path], replace=replace)
    if os.path.isfile(path):
        with ArchiveFile(path) as file:
            if file.size and read_locator(file) is None:
                raise UsageError(f"{os.fsdecode(path)}: exists and is no archive; remove it or choose another name")


def finished_volumes(to: SetOptions, *, replace: bool = False) -> list[Finished]:
    """Return the volumes of a set that are there, to be gone on with; make the directory where it is missing.

    Raises
    ------
    Exists
        There are some, and they shall neither be gone on with nor replaced.
    UsageError
        Volumes of another set are there, or not all that come before one.
    """
    if to.resume and replace:
        raise UsageError("what is to be gone on with cannot be replaced")
    make_directory(to.directory)
    _check_strangers(to)
    finished = [] if replace else find_finished(to.directory, to.name)
    if finished and not to.resume:
        there = os.fsdecode(finished[0].path)
        raise Exists(
            f"{there}: a volume is there already; another directory is for another set",
            option="resume",
            hint="goes on behind it",
        )
    return finished


def remove_rest(to: SetOptions, set_id: bytes, monitor: Monitor) -> None:
    """Remove what is left of a set of the same name that was to be replaced, and had more volumes than there are now.

    They are of no use without those that were replaced, and whoever names the directory would get both sets at once.

    Parameters
    ----------
    set_id
        Of the set that is there now.

    Raises
    ------
    EnvironmentFailed
        One cannot be removed.
    """
    for path, infos in _found_in(to.directory):
        info = infos[0] if len(infos) == 1 else None
        if info is None or info.name != to.name or info.set_id == set_id:
            continue
        if info.file_name == os.path.basename(path):
            with environment(path):
                os.unlink(path)
            monitor.note(f"{os.fsdecode(path)}: removed; it is of the set that was replaced")


def _check_strangers(to: SetOptions) -> None:
    """Refuse to mix sets in one directory: what is made of all that lies there would be of neither."""
    for path, infos in _found_in(to.directory):
        for info in infos:
            if info and info.name != to.name:
                raise UsageError(
                    f"{os.fsdecode(path)}: is a volume of another set, {info.name}; choose another directory"
                )


def _found_in(directory: bytes) -> Iterator[tuple[bytes, list[VolumeInfo | None]]]:
    """Yield each archive in a directory, with what the volumes in it say of their sets; None for a single archive."""
    for path in files_in(directory, OWN_SUFFIX):
        yield path, [volume.info for volume in volumes_in(path)]
