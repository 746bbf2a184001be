"""The values of a stage that other rooms use too: its settings, discs, copies, watched files and changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Comparison(StrEnum):
    """What is compared to find changed files."""

    STATUS = "size+mtime+ctime"
    TIMES = "size+mtime"
    CHECKSUM = "checksum"


class OnFull(StrEnum):
    """What a scan does when the open disc is full."""

    ASK = "ask"
    BUILD = "build"
    BURN = "burn"


class DiscState(StrEnum):
    """The state of a disc: it takes files, is being closed, has its image, was burnt and read, or is lost."""

    OPEN = "open"
    CLOSING = "closing"
    BUILT = "built"
    BURNT = "burnt"
    LOST = "lost"


class WaitReason(StrEnum):
    """Why a file is on no disc yet."""

    SETTLING = "changed just now"
    CHANGING = "changed while it was copied"
    UNREADABLE = "cannot be read"
    NO_ROOM = "no room on the open disc"


class ChangeKind(StrEnum):
    """How a file changed, and what a scan did about it."""

    NEW = "new file"
    SIZE = "size changed"
    TIME = "time changed"
    STATUS = "status changed"
    CONTENT = "content changed"
    AGAIN = "lost with its disc, staged again"
    RENAMED = "renamed"
    ALIKE = "same content"
    TOUCHED = "touched, same content"
    DELETED = "deleted"
    WAITS = "waits"
    CLOSED = "disc closed"


@dataclass(frozen=True, slots=True)
class StageSettings:
    """The settings of a stage.

    Attributes
    ----------
    watched
        The absolute path of the directory whose files go onto discs.
    name
        The discs are called so, with a number behind it.
    medium_bytes
        The size of a disc.
    capacity_bytes
        What files may take of a disc, counted by `cost_of`; the rest is for the history, the texts and parity.
    threshold
        A disc is full when this part of the capacity is used, from 0 to 1.
    settle_ns
        Files that changed within this time before a scan are left for a later one.
    due_ns
        A disc is due for a check when its last one is so long ago.
    mounted
        The mount point of the drive with the watched directory; empty if it is on the root file system.
    device
        The drive that burns; empty for none.
    recovery_every, recovery_volumes
        After so many discs so many recovery discs are made, which cover these; 0 for never.
    """

    watched: bytes
    name: str
    medium_bytes: int
    capacity_bytes: int
    threshold: float
    settle_ns: int
    compare: Comparison
    on_full: OnFull
    parity: str
    due_ns: int
    mounted: bytes = b""
    exclude: tuple[str, ...] = ()
    device: bytes = b""
    recovery_every: int = 0
    recovery_volumes: int = 1

    def disc_name(self, number: int) -> str:
        """Return the name of the disc of a number."""
        return f"{self.name}-{number:04}"

    @property
    def full_bytes(self) -> int:
        """A disc is full when so many bytes of its capacity are used."""
        return int(self.threshold * self.capacity_bytes)


@dataclass(frozen=True, slots=True)
class StagedDisc:
    """A disc of a stage; times in ns since the epoch, None for never.

    Attributes
    ----------
    archive_id, listing
        The id of the archive on it, and the hash of what it holds; empty before it is closed.
    set_id, volume, is_last
        Of a disc with a part of a file that is larger than a disc: the id of the set of discs that have the parts, its
        number in that set from 1, and whether it is the last one. Else empty, 0, and False.
    content_bytes
        The sizes of its files together.
    used_bytes
        What its files take, counted by `cost_of`.
    """

    number: int
    name: str
    state: DiscState
    opened_ns: int
    closed_ns: int | None
    checked_ns: int | None
    archive_id: bytes
    listing: bytes
    image_bytes: int
    set_id: bytes
    volume: int
    is_last: bool
    files: int
    content_bytes: int
    used_bytes: int


class KnownFile(NamedTuple):
    """A file of the watched directory as the last scan left it, and the disc that has its content."""

    size: int
    mtime_ns: int
    ctime_ns: int
    disc: int
    sha256: bytes


class StagedCopy(NamedTuple):
    """A file on a disc, or in the directory of the open one; ``cost`` is what it takes there, by `cost_of`.

    Of a file that is divided over several discs, ``parts_here`` of its ``parts`` are on this one, from ``first_part``
    on; of any other file these are 0.
    """

    id: int
    disc: int
    path: bytes
    kind: int
    size: int
    mtime_ns: int
    mode: int
    sha256: bytes
    cost: int
    reason: str
    staged_ns: int
    first_part: int = 0
    parts_here: int = 0
    parts: int = 0


class StageChange(NamedTuple):
    """A file, how it changed, and the disc that has it; ``other`` is its former path, or why it waits."""

    path: bytes
    kind: ChangeKind
    size: int
    disc: int
    other: bytes = b""


def discs_of(settings: StageSettings, used_bytes: int) -> int:
    """Return how many discs files take that cost so many bytes; more than one only if one of them needs that."""
    return max(1, -(-used_bytes // settings.capacity_bytes))
