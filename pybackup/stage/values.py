"""What a stage knows: its settings, its discs, what lies on each; values that travel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Comparison(StrEnum):
    """By what a file counts as changed."""

    STATUS = "size+mtime+ctime"
    TIMES = "size+mtime"
    CHECKSUM = "checksum"


class OnFull(StrEnum):
    """What a scan does about a disc that is full."""

    ASK = "ask"
    BUILD = "build"
    BURN = "burn"


class DiscState(StrEnum):
    """What became of a disc: it takes files, is being closed, has an image, was read as a medium, or is lost."""

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
    TOO_LARGE = "larger than a disc"


class ChangeKind(StrEnum):
    """What a scan found about a file."""

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
    """How a stage works.

    Attributes
    ----------
    watched
        The directory of which everything goes onto discs, absolute.
    mounted
        Where something has to be mounted for it to be there; empty for nowhere.
    capacity_bytes
        What files may take of a disc by `cost_of`; the rest is for the history, the texts and parity.
    threshold
        A disc is closed when so large a part of that is used.
    settle_ns
        What changed within that time is left for a later scan.
    due_ns
        A disc that was not read as a whole for so long is due for a check.
    device
        The drive that burns; empty for none.
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

    @property
    def full_bytes(self) -> int:
        """So much makes a disc full."""
        return int(self.threshold * self.capacity_bytes)


@dataclass(frozen=True, slots=True)
class StagedDisc:
    """A disc of a stage; times in ns since the epoch, None for never.

    Attributes
    ----------
    archive_id, listing
        Of the archive on it; empty before it is closed.
    used_bytes
        What its files take by `cost_of`.
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
    """A file on a disc; ``cost`` is what it takes there by `cost_of`."""

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


class StageChange(NamedTuple):
    """What a scan did about a file, and which disc has it; ``other`` is a former name, or why it waits."""

    path: bytes
    kind: ChangeKind
    size: int
    disc: int
    other: bytes = b""


_SEGMENT_BYTES = 4 << 20
_FILE_BYTES, _DIRECTORY_BYTES = 4 << 10, 8 << 10


def cost_of(path: bytes, size: int, new_directories: int) -> int:
    """Return what a file takes of a disc at most, not compressed at all: its headers and rows in indexes, too.

    Parameters
    ----------
    new_directories
        How many of the directories it lies in have nothing on the disc yet.
    """
    members = size // _SEGMENT_BYTES + 1
    return size + members * _FILE_BYTES + 4 * len(path) + new_directories * (_DIRECTORY_BYTES + 4 * len(path))
