"""What is carried from one catalogue to another: volumes, the media they are on and how these were, and runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .catalogued import MediumCheck, MediumState, MediumType, Needed, NewVolume
from .filed import Filed
from .run import RunMark


@dataclass(frozen=True, slots=True)
class CarriedMedium:
    """A medium, with what became of it; the fields are those of `Medium`.

    Attributes
    ----------
    changed_ns
        When its state was last set; None for never.
    checks
        What checks found, the oldest first.
    """

    label: str
    type: MediumType
    state: MediumState = MediumState.OK
    place: str = ""
    location: bytes = b""
    capacity_bytes: int | None = None
    added_ns: int = 0
    seen_ns: int | None = None
    checked_ns: int | None = None
    changed_ns: int | None = None
    checks: tuple[MediumCheck, ...] = ()

    @property
    def told_ns(self) -> int:
        """When anything was last known of it."""
        return max(self.seen_ns or 0, self.checked_ns or 0, self.changed_ns or 0)


@dataclass(frozen=True, slots=True)
class CarriedVolume:
    """A volume, when it was entered, and the media it is on."""

    new: NewVolume
    added_ns: int
    media: tuple[CarriedMedium, ...]


@dataclass(frozen=True, slots=True)
class CarriedRun:
    """A run of a chain, by the id of its archive or set; the fields are those of `CataloguedRun`."""

    mark: RunMark
    archive: bytes
    location: bytes
    needs: tuple[Needed, ...]


class CarriedJobRun(NamedTuple):
    """A run of a job: the machine that it was on, and its line of the history of runs, which is JSON."""

    host: str
    report: str


class Carried(NamedTuple):
    """A volume and its entries, which can be gone through again and again, as long as their source is open."""

    volume: CarriedVolume
    rows: Iterable[Filed]


class CarriedCatalogue(NamedTuple):
    """All of a catalogue."""

    volumes: Sequence[Carried]
    runs: Sequence[CarriedRun]
    job_runs: Sequence[CarriedJobRun] = ()
