"""Entering the archives of a medium by their indexes, without loading readers for other programs' archives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from pybackup.archive.find import Found, find_volumes, is_protected
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.fill import phase_of_entering
from pybackup.errors import UsageError
from pybackup.media.texts import PARITY_NAME
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .catalogue_enter import AddedMedium, AddOptions, enter_volume, on_medium, tells_of_all_before


def add_volumes(catalogue: Catalogue, path: bytes, options: AddOptions, monitor: Monitor) -> Iterator[AddedMedium]:
    """Enter the archives in a file, an image, a drive or a directory.

    Raises
    ------
    UsageError
        It does not exist, or is a directory without archives.
    """
    yield from add_found(catalogue, path, find_volumes([path]), options, monitor)


def add_found(
    catalogue: Catalogue, path: bytes, found: Found, options: AddOptions, monitor: Monitor
) -> Iterator[AddedMedium]:
    """Enter the archives that were found in a file, an image, a drive or a directory."""
    for unclear in found.unclear:
        # On a mounted disc: that file is not an archive, it has the parity of the image.
        if found.volumes and os.path.basename(unclear).upper() == PARITY_NAME.encode():
            continue
        yield from _enter_mended(catalogue, unclear, options, monitor)
    if options.label and len(found.volumes) > 1:
        raise UsageError(f"{os.fsdecode(path)}: holds {len(found.volumes)} archives, but a label belongs to one medium")
    if found.volumes and os.path.isdir(path):
        monitor.note(f"{os.fsdecode(path)}: its archives are entered, not its other files")
    monitor.plan([phase_of_entering(len(volume.listing)) for volume in found.volumes])
    for volume in found.volumes:
        if tells_of_all_before(volume, monitor) or not is_protected(volume.path):
            yield enter_volume(catalogue, volume, on_medium(catalogue, volume, options), options, monitor)
        else:
            yield from _enter_mended(catalogue, volume.path, options, monitor)


def _enter_mended(catalogue: Catalogue, path: bytes, options: AddOptions, monitor: Monitor) -> Iterator[AddedMedium]:
    """Enter the archives in a damaged file or disc, as far as its parity can mend them."""
    from .catalogue_mended import mended_volumes  # loads the erasure code, which sound files do not need

    with mended_volumes(path, monitor) as volumes:
        if not volumes:
            reason = "too damaged to tell which archive it is; repair it first"
            monitor.problem(Problem(path, Trouble.UNREADABLE, reason))
        for volume in volumes:
            on = on_medium(catalogue, replace(volume, path=path), options)
            yield replace(enter_volume(catalogue, volume, on, options, monitor), path=path)
