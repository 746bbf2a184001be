"""Entering the run of a chain that made an archive, which its settings name."""

from __future__ import annotations

import os

from pybackup.archive.chain import read_tables
from pybackup.archive.find import Volume
from pybackup.archive.own_run import own_mark, own_needs
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.runs import enter_run
from pybackup.host.mounts import is_on_disc
from pybackup.model.volume import VolumeKind


def enter_run_of(catalogue: Catalogue, volume: Volume) -> None:
    """Enter the run that made an archive or a volume of a set; nothing if it belongs to no chain."""
    settings, info = volume.listing.settings, volume.info
    mark = own_mark(settings)
    if mark is None or (info is not None and info.kind is VolumeKind.RECOVERY):
        return
    location = b""
    if volume.fills_file and os.path.isfile(volume.path) and not is_on_disc(volume.path):
        path = os.path.realpath(volume.path)
        location = os.path.dirname(path) if info else path
    archive = info.set_id if info else volume.listing.archive_id
    enter_run(catalogue, mark, archive, lambda: own_needs(settings, read_tables([volume])), location)
