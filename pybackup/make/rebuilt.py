"""The result of rebuilding a set: the outcome for each volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pybackup.model.volume import VolumeInfo


class Outcome(StrEnum):
    """The outcome for a volume: intact as it was given, restored or repaired now, or not restorable."""

    WHOLE = "whole"
    REBUILT = "rebuilt"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class RebuiltVolume:
    """The outcome for one volume of the set.

    Attributes
    ----------
    given
        The file that it was found in; None if it was missing.
    path
        The file with the intact volume; None if there is none.
    lost_sectors
        How many sectors of its body were lost before rebuilding, and how many still are.
    """

    info: VolumeInfo
    given: bytes | None
    path: bytes | None
    outcome: Outcome
    lost_sectors: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The result of rebuilding a set.

    Attributes
    ----------
    volumes
        All volumes of the set that are known: data volumes first, each kind by number.
    needed, helpful
        How many further volumes would restore the rest, and which of those not given could; empty if only better copies
        of damaged volumes would help.
    """

    volumes: Sequence[RebuiltVolume]
    needed: int
    helpful: Sequence[VolumeInfo]

    @property
    def complete(self) -> bool:
        """Whether all volumes of the set are whole."""
        return all(volume.outcome is not Outcome.BEYOND for volume in self.volumes)
