"""What the catalogue knows of media: values that travel between it and the jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from .entry import Kind
from .member import Stored
from .volume import VolumeInfo

_DIGEST_BYTES = 32


class Filed(NamedTuple):
    """An entry as the catalogue has it. A tuple, as there are millions of them.

    Attributes
    ----------
    sha256
        Of the whole content; None where nobody knows it.
    sparse
        The hash is of the sparse stream (FORMAT.md, Sparse files).
    first_part, parts_here, parts
        Of a file that goes on over several volumes: which of its segments are here, and how many it has; all 0 for one
        that is here as a whole.
    nested
        So many archives lie around it.
    target
        Path of what a hard link links to, whose content is its own; known only until it is entered.
    """

    path: bytes
    kind: int
    size: int
    mtime_ns: int
    mode: int
    sha256: bytes | None = None
    sparse: bool = False
    first_part: int = 0
    parts_here: int = 0
    parts: int = 0
    nested: int = 0
    target: bytes = b""


class VolumeSort(StrEnum):
    """What a volume is."""

    ARCHIVE = "archive"
    RECOVERY = "recovery"
    TREE = "tree"
    IMAGE = "image"

    @property
    def is_written_once(self) -> bool:
        """Whether it never changes: what holds something else is another one."""
        return self is not VolumeSort.TREE


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


@dataclass(frozen=True, slots=True)
class Health:
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
    """What to find; all that is said must hold.

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


def filed_of(entries: Iterable[Stored]) -> Iterator[Filed]:
    """Yield what the catalogue keeps of an archive's entries; directories are in the paths of what lies in them."""
    for stored in entries:
        entry = stored.entry
        kind = entry.kind
        if kind is Kind.FILE:
            digest, parts, first, here = stored.digest, 0, 0, 0
            if stored.segments:
                parts, here = stored.segments, len(stored.numbers)
                first = stored.numbers[0] if here else 0
            sha256 = digest if len(digest) == _DIGEST_BYTES else None
            yield Filed(
                entry.path, kind, entry.size, entry.mtime_ns, entry.mode, sha256, stored.sparse, first, here, parts
            )
        elif kind is not Kind.DIRECTORY:
            target = entry.target if kind is Kind.HARDLINK else b""
            yield Filed(entry.path, kind, entry.size, entry.mtime_ns, entry.mode, target=target)
