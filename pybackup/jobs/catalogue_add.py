"""Entering media in the catalogue: archives and images by their indexes, everything else by looking at its files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from pybackup.archive.find import find_volumes
from pybackup.catalogue.connect import Catalogue
from pybackup.errors import UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.layout.iso9660_tree import files_of_image
from pybackup.media.texts import SUMS_NAME
from pybackup.monitor import Monitor

from .catalogue_enter import AddedMedium, AddOptions
from .catalogue_tree import add_foreign_file, add_tree, form_at
from .catalogue_volumes import add_found, add_volumes


def add(catalogue: Catalogue, paths: Sequence[bytes], options: AddOptions, monitor: Monitor) -> Iterator[AddedMedium]:
    """Enter each medium, and yield the result; a medium that cannot be read is a problem, and the others go on.

    Raises
    ------
    UsageError
        A path does not exist; a label is given for several media, or belongs to another medium.
    """
    if options.label and len(paths) > 1:
        raise UsageError("a label belongs to one medium: add one at a time")
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(f"{os.fsdecode(path)}: no such file or directory")
    for path in paths:
        if not os.path.isdir(path):
            yield from _add_file(catalogue, path, options, monitor)
        elif options.tree or not _holds_archives(path):
            yield add_tree(catalogue, path, options, monitor)
        else:
            yield from add_volumes(catalogue, path, options, monitor)


def _holds_archives(path: bytes) -> bool:
    try:
        return bool(find_volumes([path]).volumes)
    except UsageError:
        return False


def _add_file(catalogue: Catalogue, path: bytes, options: AddOptions, monitor: Monitor) -> Iterator[AddedMedium]:
    """Enter the archives in a file or on a drive; if there are none, the files that another program put there."""
    found = find_volumes([path])
    form = None if found.volumes and not options.tree else form_at(path)
    if form is None:
        if found.volumes and not any(volume.fills_file for volume in found.volumes) and _is_foreign_image(path):
            monitor.note(f"{os.fsdecode(path)}: its archives are entered, not its other files")
        yield from add_found(catalogue, path, found, options, monitor)
    else:
        yield add_foreign_file(catalogue, path, form, options, monitor)


def _is_foreign_image(path: bytes) -> bool:
    """Whether it is an image of a disc that another program made, with archives of ours among its files."""
    try:
        with ArchiveFile(path) as file:
            return all(found.path != SUMS_NAME.encode() for found in files_of_image(file))
    except (ValueError, OSError):
        return False  # a file that has an archive somewhere, or a damaged disc, whose archives tell of it
