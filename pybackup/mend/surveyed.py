"""The result of surveying copies of a volume: which sectors are good, in which copy, at which place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pybackup.layout.guard import Geometry
from pybackup.parity.mend.copies import Copy, Survey, damaged_groups
from pybackup.parity.mend.flips import Proposals, propose
from pybackup.parity.stream.dealing import Dealing
from pybackup.parity.stream.sidecar import SIDECAR_SUFFIX
from pybackup.parity.stream.sum_table import SumTable
from pybackup.parity.stream.volume import places
from pybackup.sector import SECTOR

from .copies import GivenCopy
from .which_volume import Other

_SAMPLES = 256


@dataclass(frozen=True, slots=True)
class Surveyed:
    """Where each sector of a volume is good among its copies, and which other volumes are in these.

    Attributes
    ----------
    overwritten
        The volume was written over a longer one in the first copy, and the end of that is still there.
    """

    given: Sequence[GivenCopy]
    copies: Sequence[Copy]
    table: SumTable
    survey: Survey
    others: Sequence[Other] = ()
    overwritten: bool = False

    @property
    def geometry(self) -> Geometry:
        """The shape of the volume."""
        return self.table.geometry

    @property
    def targets(self) -> list[tuple[int, int]]:
        """The copies that a repair in place writes: the first, and the sidecar if there is one; each with its shift."""
        targets = [(0, 0)]
        if self.geometry.sidecar:
            shift = -self.geometry.before_sectors * SECTOR
            beside = self.given[0].path + SIDECAR_SUFFIX
            numbers = [number for number, copy in enumerate(self.given) if number and copy.path == beside]
            numbers += [number for number, copy in enumerate(self.copies) if number and shift in copy.shifts]
            targets += [(number, shift) for number in numbers[:1]]
        return targets

    def in_place(self) -> NDArray[np.bool_]:
        """Return for each sector whether it is good at its place, in the files that repair would write to."""
        targets = self.targets
        good = np.zeros(self.geometry.sectors, bool)
        for number, origin in enumerate(self.survey.origins):
            if (origin.copy, origin.shift) in targets:
                good |= self.survey.where == number
        for place in places(self.geometry, 0, self.geometry.sectors, sidecar=len(targets) > 1):
            size = self.given[targets[place.in_stream_file][0]].file.size
            if size < place.offset + place.n_bytes:
                # The last sector may look intact if only zeros were cut off.
                there = max(0, size - place.offset) // SECTOR
                good[place.first + there : place.first + place.sectors] = False
        return good

    def proposals(self) -> Proposals:
        """Return the sectors that parity cannot restore, but that changing a single byte would correct."""
        geometry, missing = self.geometry, self.survey.missing
        if geometry.groups:
            dealing = Dealing(geometry)
            beyond = damaged_groups(dealing, missing) > geometry.parity_shards
            rows = dealing.table_rows(missing)
            missing = missing[(rows >= 0) & beyond[dealing.groups_of(np.maximum(rows, 0))]]
        return propose(self.copies, self.survey, missing)

    def belongs(self, copy: int) -> bool:
        """Return whether any sector in a copy is good, even where another copy had it first."""
        if self.good_in(copy).any():
            return True
        sectors = np.unique(np.linspace(0, self.geometry.sectors - 1, _SAMPLES).astype(np.int64))
        return any(self.survey.recognises(self.copies[copy], shift, sectors) for shift in self.copies[copy].shifts)

    def good_in(self, copy: int) -> NDArray[np.bool_]:
        """Return which sectors are taken from a copy, wherever they are in it."""
        rows = [number for number, origin in enumerate(self.survey.origins) if origin.copy == copy]
        return np.isin(self.survey.where, rows)

    def shift_of_first(self) -> int | None:
        """Return by how many bytes most of the first copy has moved; None if nothing of it is good."""
        counts = {
            origin.shift: int(np.count_nonzero(self.survey.where == number))
            for number, origin in enumerate(self.survey.origins)
            if origin.copy == 0
        }
        return max(counts, key=counts.__getitem__) if any(counts.values()) else None

    def behind_end(self) -> tuple[int, int]:
        """Return the byte range after the end of the volume in the first copy, according to its last good sector.

        It is empty if most of that copy is not at its place, as the copy may be an image around the volume.
        """
        geometry, size = self.geometry, self.given[0].file.size
        sectors = geometry.before_sectors if geometry.sidecar else geometry.sectors
        good = np.flatnonzero(self.good_in(0)[:sectors])
        if self.shift_of_first() != 0 or not len(good):
            return size, size
        shift = self.survey.origins[self.survey.where[good[-1]]].shift
        end = (geometry.before_bytes if geometry.sidecar else geometry.volume_bytes) + shift
        return min(end, size), size

    def moved(self) -> NDArray[np.bool_]:
        """Return for each sector whether it is good in the files that repair would write to, but not at its place."""
        targets = self.targets
        files = [number for number, _ in targets]
        elsewhere = [
            number
            for number, origin in enumerate(self.survey.origins)
            if origin.copy in files and (origin.copy, origin.shift) not in targets
        ]
        return np.isin(self.survey.where, elsewhere) & ~self.in_place()
