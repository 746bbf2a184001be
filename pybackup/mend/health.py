"""The state of a volume by the checksums of its sectors: which are bad, and whether parity can repair them."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pybackup.errors import Damaged, UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.model.extents import Extents
from pybackup.monitor import Monitor
from pybackup.parity.mend.copies import damaged_groups
from pybackup.parity.mend.rehearse import rehearse
from pybackup.parity.stream.dealing import Dealing
from pybackup.threads import InThread

from .copies import open_copies
from .survey import extents_of, survey
from .surveyed import Surveyed

_STEP_BYTES = 1 << 20
# A file system in front of an archive takes more than this.
_LEAST_IMAGE_BYTES = 16 * 2048


class State(StrEnum):
    """The state of an archive."""

    INTACT = "intact"
    REPAIRABLE = "repairable"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class Zone:
    """A kind of sectors, how many there are, and how many of them are bad."""

    name: str
    sectors: int
    bad: int


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a volume by the checksums of its sectors.

    Attributes
    ----------
    bad
        Which sectors are not good at their place: shape (sectors,).
    missing
        How many shards each group misses, after merging and realigning: shape (groups,). At most as many as it has
        parity, if correcting single bytes by the checksums is known to repair the group.
    extents
        The byte ranges of bad sectors in the protected file.
    appended_bytes
        The number of bytes after the end of the volume; 0 if they are all zeros, as drives add them.
    """

    geometry: Geometry
    bad: NDArray[np.bool_]
    missing: NDArray[np.int64]
    extents: Extents
    zones: Sequence[Zone]
    state: State
    appended_bytes: int = 0

    @property
    def beyond(self) -> int:
        """Numbers of the groups that miss more shards than they have parity."""
        return int((self.missing > self.geometry.parity_shards).sum())

    @property
    def margin(self) -> float:
        """The fraction of parity still unused in the worst group: 1 if nothing is bad, below 0 if beyond repair."""
        if not len(self.missing):
            return 0.0
        return 1 - int(self.missing.max()) / self.geometry.parity_shards


def assess(path: bytes, monitor: Monitor, file: ArchiveFile | None = None) -> Health | str | None:
    """Check all sectors of a file; None if it has no parity stream, a text with the reason if that is too damaged.

    Parameters
    ----------
    file
        The open file, if it is open already.

    Raises
    ------
    UsageError
        The file does not exist, or the archive is only a part of it.
    """
    with open_copies([path], opened=file) as given, contextlib.ExitStack() as at_end:
        # A file other than an archive only has a hash of the whole, which is computed together with the sums.
        whole = InThread(partial(_digest, given[0].file)) if len(given) > 1 else None
        if whole:
            at_end.callback(whole.join)
        try:
            surveyed = survey(given, monitor)
        except Damaged as error:
            return str(error)
        if surveyed is None:
            return None
        shift = surveyed.shift_of_first()
        if shift and not surveyed.geometry.sidecar and shift >= _LEAST_IMAGE_BYTES:
            name = os.fsdecode(path)
            raise UsageError(
                f"{name}: an image; the archive in it begins at byte {shift}: take it out with "
                "'pybackup repair IMAGE -o OUT.xtar', or restore its files with 'pybackup salvage'"
            )
        health = health_of(surveyed)
        intact = health.geometry.sidecar and health.state is State.INTACT
        if whole and intact and whole.result() != surveyed.table.digest:
            return "every sector has its checksum, and yet the whole is not what was protected"
        return health


def _digest(file: ArchiveFile) -> bytes:
    digest = hashlib.sha256()
    for start in range(0, file.size, _STEP_BYTES):
        digest.update(file.read_what_is_left(start, _STEP_BYTES))
    return digest.digest()


def health_of(surveyed: Surveyed) -> Health:
    """Return the state of a surveyed volume: repairable if `mend` can repair all of it."""
    geometry = surveyed.geometry
    dealing = Dealing(geometry)
    bad = ~surveyed.in_place()
    lost = surveyed.survey.missing
    missing = damaged_groups(dealing, lost)
    exceeding = missing > geometry.parity_shards
    # Guard sectors are rebuilt from those that are left.
    fits = not (exceeding.any() if geometry.groups else (dealing.table_rows(lost) >= 0).any())
    if not fits:
        rehearsed = rehearse(surveyed.copies, surveyed.table, surveyed.survey, surveyed.proposals())
        fits = rehearsed.complete
        exceeding[list(rehearsed.beyond)] = False
        missing[exceeding] = geometry.parity_shards
    # The rest of earlier content on a disc does no harm.
    appended = 0 if surveyed.overwritten else appended_bytes(surveyed)
    state = State.BEYOND if not fits else State.REPAIRABLE if appended or bad.any() else State.INTACT
    return Health(geometry, bad, missing, extents_of(geometry, bad), _zones(dealing, bad), state, appended)


def appended_bytes(surveyed: Surveyed) -> int:
    """Return the number of bytes after the end of the volume; 0 if they are all zeros, as drives add them."""
    end, size = surveyed.behind_end()
    for start in range(end, size, _STEP_BYTES):
        if any(surveyed.given[0].file.read_what_is_left(start, _STEP_BYTES)):
            return size - end
    return 0


def _zones(dealing: Dealing, bad: NDArray[np.bool_]) -> list[Zone]:
    geometry = dealing.geometry
    guards = int(bad[dealing.guard_numbers].sum())
    start, end = geometry.before_sectors, geometry.before_sectors + geometry.stream_sectors
    stream = int(bad[start:end].sum())
    return [
        Zone("data", geometry.data_sectors, int(bad.sum()) - stream),
        Zone("parity", geometry.parity_sectors, stream - guards),
        Zone("checksums", geometry.guard_sectors, guards),
    ]
