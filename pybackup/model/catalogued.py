"""What the catalogue knows of media: values that travel between it and the jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from .earlier import EarlierVolume
from .filed import Filed
from .listing import Listing
from .run import RunMark
from .volume import CoveredArchive, VolumeInfo, VolumeKind


class VolumeSort(StrEnum):
    """What kind of volume the catalogue has: an archive, a recovery volume, a directory tree, or an image."""

    ARCHIVE = "archive"
    RECOVERY = "recovery"
    TREE = "tree"
    IMAGE = "image"

    @property
    def is_written_once(self) -> bool:
        """Whether what holds something else is another one. An image's identity is what is in it, but for archives."""
        return self in (VolumeSort.ARCHIVE, VolumeSort.RECOVERY)


class MediumType(StrEnum):
    """What a medium is: a burnt disc or another device, a file on a disk, or a directory."""

    DISC = "disc"
    FILE = "file"
    DIRECTORY = "directory"


class MediumState(StrEnum):
    """How a medium is; only `OK` and `SUSPECT` are there, and only `OK` counts as a copy."""

    OK = "ok"
    SUSPECT = "suspect"
    LOST = "lost"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class NewVolume:
    """A volume that is to be entered.

    Attributes
    ----------
    identity
        What it is known by again: the id of an archive, the path of a directory, the hash of a listing.
    listing
        Hash of what it holds, so that a change is seen; empty where only other volumes tell of it.
    entries
        How many entries follow, as far as that is known.
    covers
        Of a recovery volume of archives that are no set, the ids of these in order.
    """

    identity: bytes
    sort: VolumeSort
    name: str
    listing: bytes = b""
    info: VolumeInfo | None = None
    n_bytes: int = 0
    entries: int = 0
    title: str = ""
    description: str = ""
    covers: tuple[bytes, ...] = ()

    @classmethod
    def of_archive(cls, listing: Listing, info: VolumeInfo | None, name: str) -> NewVolume:
        """Return an archive that was read, a volume of a set or not."""
        is_recovery = info is not None and info.kind is VolumeKind.RECOVERY
        sort = VolumeSort.RECOVERY if is_recovery else VolumeSort.ARCHIVE
        return cls(listing.archive_id, sort, name, listing.digest, info, entries=len(listing))

    @classmethod
    def told_of(cls, info: VolumeInfo, entries: int) -> NewVolume:
        """Return a data volume that was not read itself: another one of its set tells of it, or one that covers it."""
        of_set = None if isinstance(info, CoveredArchive) else info
        return cls(info.archive_id, VolumeSort.ARCHIVE, info.label, info=of_set, entries=entries)

    @classmethod
    def earlier(cls, of: EarlierVolume, entries: int) -> NewVolume:
        """Return an archive that was not read itself: one that builds on it tells what it holds of the tree."""
        return cls(of.archive_id, VolumeSort.ARCHIVE, of.label.removesuffix(".xtar"), entries=entries)


@dataclass(frozen=True, slots=True)
class NewMedium:
    """A medium that is to be entered, or is met again.

    Attributes
    ----------
    label
        Empty for the name of its volume.
    location
        Path of a file or directory; empty for a disc, which is the same in any drive.
    seen
        It was at hand; else only others tell of it.
    another
        One more copy, though the catalogue knows one already that this could be.
    """

    type: MediumType
    label: str = ""
    location: bytes = b""
    place: str = ""
    capacity_bytes: int | None = None
    seen: bool = True
    another: bool = False


@dataclass(frozen=True, slots=True)
class Medium:
    """A medium and the volume on it, as the catalogue has them."""

    id: int
    label: str
    type: MediumType
    state: MediumState
    place: str
    location: bytes
    capacity_bytes: int | None
    added_ns: int
    seen_ns: int | None
    checked_ns: int | None
    volume: CataloguedVolume


@dataclass(frozen=True, slots=True)
class CataloguedVolume:
    """A volume as the catalogue has it."""

    id: int
    identity: bytes
    sort: VolumeSort
    name: str
    set_id: bytes
    set_name: str
    number: int
    last: bool
    title: str
    description: str
    n_bytes: int
    files: int
    content_bytes: int
    first_entry: int
    entries: int

    @property
    def info(self) -> VolumeInfo | None:
        """Which volume of which set it is; None for what is no volume of a set."""
        if not self.set_id:
            return None
        kind = VolumeKind.RECOVERY if self.sort is VolumeSort.RECOVERY else VolumeKind.DATA
        return VolumeInfo(self.set_id, self.set_name, self.number, kind, self.last)


class Needed(NamedTuple):
    """An earlier archive, or a volume of an earlier set, that a run builds on, and what of its tree lies there.

    Attributes
    ----------
    files, n_bytes
        0 for one that holds nothing any more of what the tree was.
    """

    identity: bytes
    label: str
    files: int
    n_bytes: int


@dataclass(frozen=True, slots=True)
class CataloguedRun:
    """A run of a chain as the catalogue has it.

    Attributes
    ----------
    archive
        Id of its archive, or of its set.
    location
        The archive, or the directory of its volumes, as it was last met as files; empty for nowhere.
    volumes
        What of its own is known, in the order of the numbers.
    needs
        What it builds on.
    """

    id: int
    mark: RunMark
    archive: bytes
    location: bytes
    volumes: tuple[CataloguedVolume, ...]
    needs: tuple[Needed, ...]

    @property
    def is_complete(self) -> bool:
        """Whether its archive, or each volume of its set, is known: one that was cut short is not built on."""
        if not self.volumes:
            return False
        if not self.volumes[0].set_id:
            return True
        numbers = {held.number for held in self.volumes}
        last = [held.number for held in self.volumes if held.last]
        return bool(last) and numbers >= set(range(1, last[0] + 1))


@dataclass(frozen=True, slots=True)
class MediumCheck:
    """What one check of a medium found.

    Attributes
    ----------
    margin
        Of what its parity could mend, so much is left: 1 for all; None where nothing is known.
    means
        By what it was found: the verb, the drive.
    """

    at_ns: int
    verdict: str
    bad_sectors: int = 0
    sectors: int = 0
    margin: float | None = None
    means: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An entry on one volume, and the media that hold it."""

    filed: Filed
    volume: CataloguedVolume
    media: tuple[Medium, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for in the catalogue: all conditions that are given must hold.

    Attributes
    ----------
    pattern
        A glob over whole paths in which ``*`` also crosses slashes, or part of a name; empty for all.
    sha256
        Hash of the content.
    least_bytes, most_bytes
        Size of a file.
    since_ns, until_ns
        Modification time.
    """

    pattern: bytes = b""
    sha256: bytes = b""
    least_bytes: int | None = None
    most_bytes: int | None = None
    since_ns: int | None = None
    until_ns: int | None = None
