"""A volume of a set as it was given: where it is, which of its sectors are lost, and what its own parity can repair.

A volume may be a file of its own or be in an image, and either may have the parity that protects it. A damaged volume
is first assembled in a temporary file, into which sectors from elsewhere are written later.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pybackup.container.read import body_length
from pybackup.errors import Damaged, UsageError
from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.layout.recovery import stream_start
from pybackup.monitor import Monitor
from pybackup.parity.mend.columns import Shard, sectors_of
from pybackup.parity.mend.copies import NO_ORIGIN
from pybackup.parity.mend.mend import MENDED, mend
from pybackup.parity.stream.volume import Sectors, VolumeWriter
from pybackup.sector import SECTOR

from .assemble import assembled
from .copies import GivenCopy
from .survey import survey
from .surveyed import Surveyed

Lost = NDArray[np.bool_]


@dataclass(slots=True)
class SurveyedVolume:
    """A volume whose sectors were checked: intact, or assembled from its copies in a temporary file.

    Attributes
    ----------
    paths
        Where it was found; more than one if there are copies.
    file
        The file to read it from.
    start
        Where the archive begins in that file.
    work
        The temporary file, and which of its sectors are lost; None if nothing is damaged, or no checksums are left.
    unknown
        There are no checksums of sectors: only the hash of the whole shows whether it is right.
    is_placed
        Whether ``start`` is known; otherwise it is 0.
    """

    paths: Sequence[bytes]
    file: ArchiveFile
    start: int
    work: Work | None = None
    unknown: bool = False
    is_placed: bool = True

    @property
    def name(self) -> str:
        """Its name in messages."""
        return os.fsdecode(self.paths[0])

    @property
    def length(self) -> int | None:
        """The length of the body according to its first header; None if that is damaged."""
        return body_length(self.file, self.start)

    def shard(self, offset: int, n_bytes: int) -> Shard:
        """Return a byte range of the archive as a shard."""
        return Shard(self.file, self.start + offset, n_bytes)

    def lost(self, offset: int, n_bytes: int) -> Lost:
        """Return which sectors of a byte range of the archive are lost: shape (sectors,)."""
        count = sectors_of(n_bytes)
        if self.work is None:
            # Sectors that were cut off are lost, without having been checked.
            there = max(0, self.file.size - self.start - offset)
            return np.arange(count) >= there // SECTOR if there < n_bytes else np.zeros(count, bool)
        return self.work.lost(self.start + offset, count)


class Work:
    """A damaged volume while it is mended: the temporary file in which it is assembled.

    Parameters
    ----------
    stack
        Closes and removes the file at its end.
    work_dir
        The directory for the file.
    """

    def __init__(self, surveyed: Surveyed, work_dir: bytes, stack: ExitStack, monitor: Monitor) -> None:
        outputs, _ = stack.enter_context(assembled(surveyed, lambda _: Scratch(work_dir), monitor))
        self.output = outputs[0]
        self._surveyed = surveyed
        self._written: list[NDArray[np.intp]] = []
        self._files = [stack.enter_context(ArchiveFile(made.temporary)) for made in outputs]
        self._writer = VolumeWriter(surveyed.geometry, outputs[0], outputs[1] if len(outputs) > 1 else None)

    @property
    def file(self) -> ArchiveFile:
        """The file, for reading."""
        return self._files[0]

    @property
    def is_complete(self) -> bool:
        """Whether no sector is missing, neither of the body, nor of its parity, nor of an image around it."""
        return not len(self._surveyed.survey.missing)

    def is_of(self, body_bytes: int) -> bool:
        """Return whether the file is an archive with a body of this length and its own parity, not an image."""
        geometry = self._surveyed.geometry
        return not geometry.sidecar and geometry.before_bytes == stream_start(body_bytes)

    def lost(self, start: int, count: int) -> Lost:
        """Return which of ``count`` sectors from byte ``start`` of the file on are lost."""
        missing = self._surveyed.survey.where == NO_ORIGIN
        first = start // SECTOR
        padded = np.ones(count + 1, bool)
        part = missing[first : first + count + 1]
        padded[: len(part)] = part
        return padded[:-1] | padded[1:] if start % SECTOR else padded[:-1]

    def write(self, start: int, data: bytes) -> None:
        """Write bytes at ``start``; sectors that they cover completely are not missing any more."""
        self.output.write_at(start, data)
        first, last = -(-start // SECTOR), (start + len(data)) // SECTOR
        where = self._surveyed.survey.where[first : max(first, last)]
        self._written.append(first + np.flatnonzero(where == NO_ORIGIN))
        where[where == NO_ORIGIN] = MENDED

    def take_back(self) -> None:
        """Mark all sectors that `write` has written as missing again, since they turned out wrong."""
        for sectors in self._written:
            self._surveyed.survey.where[sectors] = NO_ORIGIN
        self._written.clear()

    def mend(self) -> bool:
        """Rebuild sectors by the parity of the volume itself; return whether any could be."""
        surveyed = self._surveyed
        if self.is_complete:
            return False
        before = len(surveyed.survey.missing)
        volume = Sectors(surveyed.geometry, *self._files)
        mend(
            volume,
            self._writer,
            surveyed.table,
            surveyed.survey,
            lambda count: None,
            proposals=surveyed.proposals(),
        )
        return len(surveyed.survey.missing) < before


def survey_volume(
    copies: Sequence[GivenCopy],
    start: int | None,
    *,
    work_dir: bytes,
    stack: ExitStack,
    monitor: Monitor,
) -> SurveyedVolume:
    """Return the volume in some copies, assembled in a temporary file if it is damaged.

    Parameters
    ----------
    copies
        Copies of one file, which is the volume or an image with it.
    start
        Where the archive begins in the first copy; None if unknown.
    work_dir
        The directory for a temporary file.

    Raises
    ------
    EnvironmentFailed
        The temporary file cannot be written.
    """
    paths = [copy.path for copy in copies]
    plain = SurveyedVolume(paths, copies[0].file, start or 0, unknown=True)
    try:
        surveyed = survey(copies, monitor)
    except (Damaged, UsageError) as error:
        monitor.note(f"{plain.name}: {error}")
        return plain
    if surveyed is None:
        return plain
    place = settled_place(surveyed)
    if place is not None and start is not None:
        copy, _ = place
        # The other copies have the same bytes.
        return SurveyedVolume([copies[copy].path], copies[copy].file, start)
    try:
        work = Work(surveyed, work_dir, stack, monitor)
    except Damaged as error:
        monitor.note(f"{plain.name}: {error}")
        return plain
    shift = surveyed.shift_of_first() or 0
    return SurveyedVolume(paths, work.file, max(0, (start or 0) - shift), work)


def settled_place(surveyed: Surveyed) -> tuple[int, int] | None:
    """Return the copy in which all of a volume is good, and by how many bytes it has moved there; None for none."""
    where = surveyed.survey.where
    if not len(where) or where[0] == NO_ORIGIN or (where != where[0]).any():
        return None
    origin = surveyed.survey.origins[int(where[0])]
    geometry = surveyed.geometry
    size = surveyed.given[origin.copy].file.size
    if not geometry.sidecar and size < geometry.volume_bytes + origin.shift:
        return None
    return origin.copy, origin.shift
