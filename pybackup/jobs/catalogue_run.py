"""Entering the run of a chain that an archive says it was made by."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from pybackup.archive.ancestry import ancestry
from pybackup.archive.chain import read_tables
from pybackup.archive.find import Volume
from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.runs import enter_run
from pybackup.errors import FormatError
from pybackup.host.mounts import is_on_disc
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed, Needed, filed_of
from pybackup.model.run import RunMark
from pybackup.model.volume import VolumeKind


def enter_run_of(catalogue: Catalogue, volume: Volume) -> None:
    """Enter the run that an archive, or a volume of a set, is of; of no chain, nothing."""
    mark = None
    with suppress(FormatError):
        mark = RunMark.of_settings(volume.listing.settings)
    info = volume.info
    if mark is None or (info is not None and info.kind is VolumeKind.RECOVERY):
        return
    location = b""
    if volume.fills_file and os.path.isfile(volume.path) and not is_on_disc(volume.path):
        path = os.path.realpath(volume.path)
        location = os.path.dirname(path) if info else path
    archive = info.set_id if info else volume.listing.archive_id
    enter_run(catalogue, mark, archive, lambda: _needs(volume), location)


def _needs(volume: Volume) -> Iterator[Needed]:
    """Yield all that an archive builds on, with how much of its tree lies there."""
    before = ancestry(volume.listing.settings)
    counts: dict[bytes, tuple[int, int]] = {}
    for table in read_tables([volume]):
        files = n_bytes = 0
        for filed in filed_of(table.rows, table.paths):
            if filed.kind == Kind.FILE:
                files += 1
                n_bytes += _bytes_here(filed)
        counts[table.of.archive_id] = files, n_bytes
    for earlier in before.volumes if before else ():
        yield Needed(earlier.archive_id, earlier.label, *counts.get(earlier.archive_id, (0, 0)))


def _bytes_here(filed: Filed) -> int:
    return filed.size * filed.parts_here // filed.parts if filed.parts else filed.size
