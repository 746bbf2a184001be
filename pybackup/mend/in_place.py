"""Repairing files in place: whether that is possible, and doing it."""

from __future__ import annotations

import os
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from pybackup.errors import UsageError
from pybackup.host.storage import ArchiveFile, InPlace
from pybackup.mend.assemble import mend_checked
from pybackup.mend.health import appended_bytes
from pybackup.mend.surveyed import Surveyed
from pybackup.monitor import Monitor
from pybackup.parity.mend.mend import MendedSectors, assemble
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.sector import SECTOR

# If less of a file belongs to the volume, that is a coincidence, and it is another file.
_LEAST_SHARE = 0.01
# An image around an archive adds more than this before it; damage hardly ever does.
_MOST_MOVED_BYTES = 64 * 1024


def can_be_mended_in_place(surveyed: Surveyed) -> bool:
    """Return whether all good sectors are at their places; otherwise the files have to be replaced as a whole."""
    return len(surveyed.targets) == 1 + surveyed.geometry.sidecar and not surveyed.moved().any()


def check_target(surveyed: Surveyed) -> None:
    """Refuse to replace a file by a volume that is only a part of it, or of which it is the sidecar."""
    geometry, first = surveyed.geometry, surveyed.given[0]
    name, shift = os.fsdecode(first.path), surveyed.shift_of_first()
    if geometry.sidecar and shift == -geometry.before_sectors * SECTOR:
        raise UsageError(f"{name}: is a sidecar; name the file that it protects first")
    if np.count_nonzero(surveyed.good_in(0)) < geometry.data_sectors * _LEAST_SHARE:
        raise UsageError(f"{name}: hardly anything of it is known to belong to the volume; write that to another file")
    excess = first.file.size - (geometry.before_bytes if geometry.sidecar else geometry.volume_bytes)
    if shift and shift > 0 and excess > _MOST_MOVED_BYTES:
        raise UsageError(f"{name}: what is protected begins at byte {shift} of it; write it to a file of its own")
    if not can_be_mended_in_place(surveyed) and not os.path.isfile(first.path):
        raise UsageError(f"{name}: bytes of it have moved, and it is no regular file; write the whole to one")


def refuse_to_cut(surveyed: Surveyed) -> None:
    """Refuse to cut off bytes after the volume, unless they are few or zeros."""
    name = os.fsdecode(surveyed.given[0].path)
    for other in surveyed.others:
        if other.path == surveyed.given[0].path:
            raise UsageError(
                f"{name}: another protected archive, of {other.n_bytes} bytes, begins at byte {other.offset} of it and "
                f"would be lost; 'tail -c +{other.offset + 1}' cuts it out; write this one to a file of its own"
            )
    if (appended := appended_bytes(surveyed)) > _MOST_MOVED_BYTES:
        raise UsageError(
            f"{name}: {appended:,} bytes behind its end would be cut off; write what is protected to a file of its own"
        )


def mend_in_place(surveyed: Surveyed, in_place: NDArray[np.bool_], monitor: Monitor) -> MendedSectors:
    """Write restored sectors into the files, except those that are good already by ``in_place``."""
    geometry, given = surveyed.geometry, surveyed.given
    with ExitStack() as stack:
        paths = [given[number].path for number, _ in surveyed.targets]
        targets = [stack.enter_context(InPlace(path)) for path in paths]
        writer = VolumeWriter(geometry, *targets)
        assemble(writer, surveyed.copies, surveyed.survey, lambda count: None, in_place=in_place)
        # Sectors that were cut off have been written again.
        files = [stack.enter_context(ArchiveFile(path)) for path in paths]
        mended = mend_checked(Sectors(geometry, *files), writer, surveyed, monitor)
        sizes = [geometry.before_bytes, geometry.stream_bytes] if geometry.sidecar else [geometry.volume_bytes]
        for target, size in zip(targets, sizes, strict=True):
            target.cut(size)
            target.sync()
    return mended
