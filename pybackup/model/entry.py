"""What a tree holds: entries, their kinds and their owners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

# One empty mapping for all entries; read-only by its type.
NO_XATTRS: Mapping[bytes, bytes] = {}

MAX_TIME_NS = ((1 << 62) - 1) * 10**9
"""The latest and, negative, the earliest time that an archive holds (FORMAT.md, ustar headers)."""


class Kind(IntEnum):
    """The kind of an entry. The numbers are those of the index (FORMAT.md, Index)."""

    FILE = 1
    DIRECTORY = 2
    SYMLINK = 3
    HARDLINK = 4
    FIFO = 5
    CHARACTER = 6
    BLOCK = 7


def tree_key(path: bytes) -> bytes:
    """Return what paths are in tree order by: a slash before any other byte, so a directory, then all in it."""
    return path.replace(b"/", b"\0")


def directories_above(path: bytes) -> list[bytes]:
    """Return the paths of the directories that a path lies in, from the top."""
    parts = path.split(b"/")
    return [b"/".join(parts[:length]) for length in range(1, len(parts))]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an entry is, by number and by name; names are empty where the system knows none."""

    uid: int = 0
    gid: int = 0
    user: bytes = b""
    group: bytes = b""


NOBODY = Owner()


@dataclass(slots=True)
class Entry:
    """One entry of a tree.

    Attributes
    ----------
    path
        Relative path in the archive, components joined by ``/``, any bytes but NUL.
    mode
        Permission bits with set-id and sticky, 0 to 0o7777.
    mtime_ns
        Modification time, nanoseconds since the epoch, may be negative.
    size
        Logical length of a regular file in bytes, 0 for all else.
    target
        Text of a symbolic link, or path in the archive of what a hard link links to.
    device
        Major and minor number of a device.
    xattrs
        Extended attributes by full name (``user.x``, ``system.posix_acl_access``).
    """

    path: bytes
    kind: Kind
    mode: int = 0o644
    owner: Owner = NOBODY
    mtime_ns: int = 0
    size: int = 0
    target: bytes = b""
    device: tuple[int, int] = (0, 0)
    xattrs: Mapping[bytes, bytes] = field(default_factory=lambda: NO_XATTRS)

    @property
    def name(self) -> bytes:
        """Last component of the path."""
        return self.path.rsplit(b"/", 1)[-1]

    @property
    def parent(self) -> bytes:
        """Path of the directory it lies in, empty at the top."""
        head, slash, _ = self.path.rpartition(b"/")
        return head if slash else b""
