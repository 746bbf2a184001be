"""The rows of the code across a set, and which sectors of each are lost.

The code has a row for each data and recovery volume, and a column for each sector: lost sectors of a column are
computed from its other rows, if enough of these are left.
"""

from __future__ import annotations

import numpy as np

from pybackup.layout.recovery import RecoveryHeader
from pybackup.model.volume import VolumeInfo, VolumeKind
from pybackup.parity.mend.columns import Losses, sectors_of
from pybackup.sector import SECTOR

from .bodies import SurveyedVolume
from .survey_set import SurveyedSet

_WINDOW_SECTORS = 1 << 15


class LostRows:
    """The rows of a set: its data volumes, from 0 on, then the recovery volumes given.

    Attributes
    ----------
    siblings
        Numbers of the recovery volumes that were made together with one that is here.
    """

    def __init__(self, surveyed_set: SurveyedSet, header: RecoveryHeader) -> None:
        self.surveyed_set, self.bodies = surveyed_set, header.bodies
        self._header = header
        headers = [shard.header for shard in surveyed_set.recovery.values()]
        self._numbers = sorted(surveyed_set.recovery)
        # Recovery volumes made together with one that is here exist; others are unknown.
        self.siblings = sorted({number for one in headers for number in range(one.first, one.first + one.count)})
        self._trusted: set[int] = set()
        self._losses = Losses(len(self.bodies) + len(self._numbers), header.shard_bytes // SECTOR)

    def lost_sectors(self, row: int) -> int:
        """Return how many sectors of a row are lost now."""
        return self._losses.count(row)

    def volume(self, row: int) -> SurveyedVolume | None:
        """Return the data volume of a row, intact or damaged; None if it was not given."""
        return self.surveyed_set.data.get(row + 1)

    def data_info(self, row: int) -> VolumeInfo:
        """Return the `VolumeInfo` of the data volume of a row."""
        return self.surveyed_set.info_of(VolumeKind.DATA, row + 1)

    def recovery_info(self, number: int) -> VolumeInfo:
        """Return the `VolumeInfo` of the recovery volume of a number."""
        return self.surveyed_set.info_of(VolumeKind.RECOVERY, number)

    def what_would_help(self) -> tuple[int, list[VolumeInfo]]:
        """Return how many more volumes would restore all losses, and which ones could be used; 0 if none could."""
        most = 0
        for first in range(0, self._losses.sectors, _WINDOW_SECTORS):
            window = self._losses.window(first, min(_WINDOW_SECTORS, self._losses.sectors - first))
            hit = window[:, window[: len(self.bodies)].any(axis=0)]
            most = max(most, int(hit.sum(axis=0).max(initial=0)))
        needed = most - len(self._numbers)
        absent = [self.data_info(row) for row in range(len(self.bodies)) if self.volume(row) is None]
        absent += [self.recovery_info(number) for number in self.siblings if number not in self.surveyed_set.recovery]
        return (needed, absent) if 0 < needed <= len(absent) else (0, [])

    def look_for_losses(self) -> None:
        """Record which sectors of each row are lost, by the survey of its volume."""
        for row, body in enumerate(self.bodies):
            volume = self.surveyed_set.data.get(row + 1)
            self._losses.put(row, volume.lost(0, body.n_bytes) if volume else np.ones(sectors_of(body.n_bytes), bool))
        for number, shard in self.surveyed_set.recovery.items():
            lost = np.ones(self._losses.sectors, bool)
            if not shard.volume.unknown:
                lost = shard.volume.lost(shard.offset, self._header.shard_bytes)
            self._losses.put(self._row_of(number), lost)

    def _look_again(self) -> None:
        """Update which sectors are lost, after the volumes' own parity has repaired some."""
        for row, (start, n_bytes) in self._stretches().items():
            before, volume = self._losses.of(row), self._given_rows()[row]
            # Of what has no checksums nothing has been mended, and it is no better than it was.
            if len(before) and volume.work:
                lost = volume.lost(start, n_bytes)
                self._losses.found(row, before[~lost[before]])

    def _trust(self) -> bool:
        """Use shards without checksums as if they were good, as the result is hashed; return whether there are any."""
        doubtful = [number for number, shard in self.surveyed_set.recovery.items() if shard.volume.unknown]
        for number in doubtful:
            shard = self.surveyed_set.recovery[number]
            self._losses.put(self._row_of(number), shard.volume.lost(shard.offset, self._header.shard_bytes))
            self._trusted.add(self._row_of(number))
        return bool(doubtful)

    def _is_damaged(self, row: int) -> bool:
        volume = self.surveyed_set.data.get(row + 1)
        return volume is None or volume.work is not None or volume.unknown or bool(self._losses.count(row))

    def _recovery_is_damaged(self, number: int) -> bool:
        shard = self.surveyed_set.recovery.get(number)
        return shard is None or shard.volume.work is not None or shard.volume.unknown

    def _row_of(self, number: int) -> int:
        return len(self.bodies) + self._numbers.index(number)

    def _given_rows(self) -> dict[int, SurveyedVolume]:
        rows = {number - 1: volume for number, volume in self.surveyed_set.data.items()}
        rows |= {self._row_of(number): shard.volume for number, shard in self.surveyed_set.recovery.items()}
        return rows

    def _stretches(self) -> dict[int, tuple[int, int]]:
        """The offset of the shard of each row in its archive."""
        rows = {number - 1: (0, self.bodies[number - 1].n_bytes) for number in self.surveyed_set.data}
        for number, shard in self.surveyed_set.recovery.items():
            rows[self._row_of(number)] = shard.offset, self._header.shard_bytes
        return rows
