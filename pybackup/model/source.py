"""What goes into an archive: sources, the entries planned from them, and what the rules judge."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass

from pybackup.errors import UsageError

from .display import display
from .entry import Entry


@dataclass(frozen=True, slots=True)
class Source:
    """Something to archive: where it lies, and what it is called in the archive.

    Attributes
    ----------
    path
        Path in the file system. With a trailing slash a symbolic link is followed, without one it is stored.
    name
        Path in the archive, components joined by ``/``. Empty: a directory whose content comes in at the top and
        which has no entry itself.
    recurse
        Whether a directory's content comes with it; without, it is only the way to sources below it.
    listed
        Named in a file list: it may be gone by now, which is a problem and not the end of the run, and patterns
        see its whole name, as the list has one root.
    """

    path: bytes
    name: bytes
    recurse: bool = True
    listed: bool = False

    def locate(self, path: bytes) -> bytes:
        """Return the path in the file system of the entry of this source whose path in the archive is given."""
        tail = path[len(self.name) + 1 :] if self.name else path
        if not tail:
            return self.path
        return self.path + tail if self.path.endswith(b"/") else self.path + b"/" + tail


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry as the walk met it, and what is needed to read that very file later.

    There is one for every entry of an archive, so it holds no path of its own.

    Attributes
    ----------
    dev, ino
        Numbers of the device and the inode: compare them after opening.
    """

    entry: Entry
    source: Source
    dev: int
    ino: int

    @property
    def path(self) -> bytes:
        """Path in the file system; it may be longer than the system takes at once (``host.paths.open_at``)."""
        return self.source.locate(self.entry.path)


def _closed() -> int:
    raise FileNotFoundError(errno.ENOENT, "not to be opened")


@dataclass(slots=True)
class Candidate:
    """What the rules judge. Short-lived, one for every file met: hence not frozen, which would triple its price.

    Attributes
    ----------
    path
        Path in the archive.
    relative
        Path relative to its source: empty for a directory that is a source itself, the name for any other file that
        is; ``path`` for what comes from a file list.
    name
        Last component of the path.
    status
        Of the entry itself, links not followed.
    read_child
        ``read_child(name, n_bytes)`` gives the first bytes of a regular file in a directory, fewer where the file is
        shorter, none where there is no such file or it cannot be read. Gives nothing for all but directories.
    open_file
        Opens a regular file for reading and gives the descriptor, which whoever asked closes. Raises OSError.
    """

    path: bytes
    relative: bytes
    name: bytes
    is_directory: bool
    status: os.stat_result
    read_child: Callable[[bytes, int], bytes]
    open_file: Callable[[], int] = _closed


@dataclass(frozen=True, slots=True)
class Excluded:
    """A path in the archive that a rule left out, and the rule in words; of a directory nothing below is told."""

    path: bytes
    reason: str


Judge = Callable[[Candidate], str | None]
"""Gives the reason to leave a candidate out, None to keep it."""


class Branch:
    """A node in the trie of the sources' names: the source of that name, if there is one, and what is named below."""

    __slots__ = ("below", "source")

    def __init__(self) -> None:
        self.source: Source | None = None
        self.below: dict[bytes, Branch] | None = None  # most are leaves: no dictionary for these

    def claim(self, source: Source) -> None:
        """Put a source in its place below this node, the top; raise UsageError if its name is taken or no name."""
        branch = self
        for part in source.name.split(b"/") if source.name else ():
            if part in (b"", b".", b".."):
                raise UsageError(f"{display(source.name)}: no relative path, nothing can be archived under this name")
            if branch.below is None:
                branch.below = {}
            branch = branch.below.setdefault(part, Branch())
        if branch.source is not None:
            name = display(source.name) or "."
            both = f"{display(branch.source.path)} and {display(source.path)}"
            raise UsageError(f"{both} would both be archived as {name}; archive one without the other")
        branch.source = source
