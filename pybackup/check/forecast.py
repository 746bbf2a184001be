"""Forecasting from its layout which damage a volume survives, and which files are lost first beyond that."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pybackup.container.read import open_listing, read_locator
from pybackup.errors import Damaged, UsageError
from pybackup.host.storage import ArchiveFile
from pybackup.layout.guard import Geometry
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing
from pybackup.model.member import Member
from pybackup.parity.odds.chance import Counts, spared
from pybackup.parity.odds.forecast import Structures
from pybackup.parity.stream.dealing import Numbers
from pybackup.parity.stream.find import glance
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX
from pybackup.sector import SECTOR

_STEP = 0.005
_LEAST_STEPS = 10


@dataclass(frozen=True)
class FileMap:
    """The sectors that have the content of files.

    Attributes
    ----------
    paths
        The paths of the regular files, including empty ones.
    files, first, last
        The number of the file, the first and the last sector of each member: shape (members,).
    """

    paths: Sequence[bytes]
    files: NDArray[np.int64]
    first: Numbers
    last: Numbers

    @cached_property
    def sectors(self) -> Counts:
        """The number of sectors with content of each file: shape (files,)."""
        counts = self.last - self.first + 1
        counts[1:] -= (self.files[1:] == self.files[:-1]) & (self.first[1:] == self.last[:-1])
        return np.bincount(self.files, counts, minlength=len(self.paths)).astype(np.int64)

    @property
    def largest(self) -> list[int]:
        """Numbers of the files, those on the most sectors first."""
        return list(map(int, np.argsort(-self.sectors, kind="stable")))

    def hit_by(self, lost: Numbers) -> list[int]:
        """Return the numbers of the files with content on any of the sectors, which are in ascending order."""
        hit = np.searchsorted(lost, self.last, side="right") > np.searchsorted(lost, self.first)
        return list(map(int, np.unique(self.files[hit])))

    def spared(self, sectors: int, lost: int) -> float:
        """Return the expected fraction of files without any bad sector, for this number of bad ones among all."""
        return float(spared(sectors, lost, self.sectors).mean()) if self.paths else 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """A point of the curve: this fraction of all sectors is bad, at random.

    Attributes
    ----------
    chance
        The probability that everything can be repaired.
    files
        The fraction of files that would be intact without parity; None if there are no files.
    """

    lost: int
    fraction: float
    chance: float
    files: float | None


@dataclass(frozen=True)
class Forecast:
    """The damage that a volume survives; see `Structures` for the limits.

    Attributes
    ----------
    files
        None if the volume is not an archive.
    """

    path: bytes
    structures: Structures
    files: FileMap | None

    @property
    def geometry(self) -> Geometry:
        """The layout."""
        return self.structures.geometry

    def past_burst(self) -> tuple[int, Numbers]:
        """Return where a burst that is one sector too long causes a loss, and which sectors remain bad."""
        first = self.structures.worst_burst
        return first, self.structures.left_of_burst(first, self.structures.longest_burst + 1)

    def sweep(self) -> Iterator[Step]:
        """Yield the curve for scattered bad sectors, in steps of half a percent, until beyond the limit."""
        total = self.structures.sectors
        for number in range(round(1 / _STEP) + 1):
            lost = round(number * _STEP * total)
            chance = self.structures.scattering.chance(lost)
            files = self.files.spared(total, lost) if self.files is not None else None
            yield Step(lost, number * _STEP, chance, files)
            if number >= _LEAST_STEPS and chance < _STEP**2:
                return


def forecast(path: bytes) -> Forecast:
    """Return the damage that the volume survives.

    Only the last MiB of a file and of its sidecar is read, and the index of an archive.

    Raises
    ------
    UsageError
        The file does not exist, or is a sidecar itself.
    Damaged
        Neither the file nor a sidecar of it ends with a parity stream.
    """
    with ExitStack() as stack:
        file = stack.enter_context(ArchiveFile(path))
        found = glance(file)
        sidecar = path + SIDECAR_SUFFIX
        if os.path.isfile(sidecar):
            beside = glance(stack.enter_context(ArchiveFile(sidecar)), protected=file)
            found = max(found, beside, key=lambda shape: shape.volume_bytes if shape else 0)
        elif found is not None and found.sidecar:
            raise UsageError(f"{os.fsdecode(path)}: is a sidecar; name the file that it protects")
        if found is None:
            raise Damaged(
                f"{os.fsdecode(path)}: no parity stream ends here; 'pybackup protect' gives a file a sidecar, "
                "and 'pybackup verify' looks for what is left of a stream"
            )
        files = _map_of(open_listing(file)) if read_locator(file) is not None else None
    return Forecast(path, Structures.of(found), files)


def _map_of(listing: Listing) -> FileMap:
    paths: list[bytes] = []
    files, starts, ends = [], [], []
    for row, kind in enumerate(listing.rows.kinds):
        if kind != Kind.FILE:
            continue
        for start, end in map(_stream, listing.stored(row).members):
            files.append(len(paths))
            starts.append(start)
            ends.append(end)
        paths.append(listing.paths[row])
    first, last = np.array(starts, np.int64) // SECTOR, (np.array(ends, np.int64) - 1) // SECTOR
    return FileMap(paths, np.array(files, np.int64), first, last)


def _stream(member: Member) -> tuple[int, int]:
    start = member.stream_offset
    return start, start + max(1, member.stream_bytes)
