"""The result of rebuilding: what became of each volume of the set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pybackup.model.volume import VolumeInfo


class Outcome(StrEnum):
    """What became of a volume."""

    WHOLE = "whole"
    REBUILT = "rebuilt"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class RebuiltVolume:
    """What became of one volume of the set.

    Attributes
    ----------
    given
        Where it was found; None for one that was not there at all.
    path
        Where it is now, whole; None where that is nowhere.
    lost_sectors
        Of its body, at first and in the end.
    """

    info: VolumeInfo
    given: bytes | None
    path: bytes | None
    outcome: Outcome
    lost_sectors: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of a rebuilding.

    Attributes
    ----------
    volumes
        All volumes of the set that are known of: data volumes first, each kind by number.
    needed, helpful
        So many more volumes bring back what is lost, out of these, which were not given; none where damage lies so
        that only better copies help.
    """

    volumes: Sequence[RebuiltVolume]
    needed: int
    helpful: Sequence[VolumeInfo]

    @property
    def complete(self) -> bool:
        """Whether all volumes of the set are whole."""
        return all(volume.outcome is not Outcome.BEYOND for volume in self.volumes)
