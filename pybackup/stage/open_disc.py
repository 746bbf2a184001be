"""The directory of the open disc: files get their places in it, other names, and are taken off it.

Of each path the last version alone stays. What is done to the directory is written into the state at once.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from pybackup.host.environment import environment
from pybackup.host.temporaries import open_claimed
from pybackup.model.entry import Kind, directories_above

from .copying import CopiedFile, copy_file, place_copy
from .state import StageState
from .values import ChangeKind, StagedCopy, StagedDisc, cost_of

_ATTEMPTS = 2


def disc_directory(staging: bytes, name: str) -> bytes:
    """Return where the files for a disc are, as long as it has no image."""
    return os.path.join(staging, b"discs", os.fsencode(name))


class OpenDisc:
    """The disc that takes files; `open` comes first, and again for the next disc; `leave` lets go of the directory.

    Parameters
    ----------
    now_ns
        The time that copies are said to be staged at, in ns since the epoch.

    Attributes
    ----------
    is_marked
        Whether the state says that a run is changing what is staged; it stays so if the run is killed.
    """

    def __init__(self, state: StageState, now_ns: int) -> None:
        self._state, self._now = state, now_ns
        self._fd = -1
        self.is_marked = False

    def open(self) -> None:
        """Get ready to fill the open disc, a new one where there is none.

        Raises
        ------
        EnvironmentFailed
            Its directory cannot be made or written to.
        """
        self.disc: StagedDisc = self._state.open_disc(self._now)
        self.number, self.used_bytes = self.disc.number, self.disc.used_bytes
        self._directories = self._state.directories_on(self.number)
        self.directory = disc_directory(self._state.directory, self.disc.name)
        with environment(self.directory):
            os.makedirs(self.directory, 0o700, exist_ok=True)
            self._fd = open_claimed(self.directory)

    def leave(self) -> None:
        """Let go of the directory of the disc, if it is held."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def cost_of(self, path: bytes, size: int) -> int:
        """Return how many bytes a file takes of this disc at most, with those directories that are new to it."""
        return cost_of(path, size, sum(each not in self._directories for each in directories_above(path)))

    def copy(self, source: bytes) -> CopiedFile | None:
        """Copy a file, once more where it changed meanwhile; None where it did so again.

        Raises
        ------
        OSError
            It cannot be read, or the copy not be written.
        """
        for _ in range(_ATTEMPTS):
            copied = copy_file(source, self._fd)
            if copied is not None:
                return copied
        return None

    def place(self, copied: CopiedFile, path: bytes, cost: int, kind: ChangeKind) -> None:
        """Give a copy its path on the disc, in place of what is there; ``cost`` is from `cost_of`.

        Raises
        ------
        EnvironmentFailed
        """
        status = copied.status
        with environment(self.directory):
            self._mark()
            self._make_way(path)
            os.makedirs(os.path.join(self.directory, os.path.dirname(path)), 0o700, exist_ok=True)
            place_copy(copied, path, self._fd)
        kind_there = Kind.SYMLINK if stat.S_ISLNK(status.st_mode) else Kind.FILE
        self._state.add_copy(
            StagedCopy(
                0, self.number, path, int(kind_there), status.st_size if kind_there is Kind.FILE else 0,
                status.st_mtime_ns, stat.S_IMODE(status.st_mode), copied.sha256, cost, kind.value, self._now,
            )
        )  # fmt: skip
        self._directories.update(directories_above(path))
        self.used_bytes += cost

    def rename(self, copy: StagedCopy, path: bytes) -> None:
        """Give a file on this disc another path, in place of what is there.

        Raises
        ------
        EnvironmentFailed
        """
        self._mark()
        self._make_way(path)
        self._move(copy, path)

    def _mark(self) -> None:
        """Write down that what is staged changes, before it does: the run after a killed one sees it."""
        if not self.is_marked:
            self._state.mark_clean(clean=False)
            self._state.commit()
            self.is_marked = True

    def _make_way(self, path: bytes) -> None:
        """Clear a path: of what lies at it, and of what makes a directory of it or a file of one above it."""
        for place in (*directories_above(path), path):
            copy = self._state.copy_at(self.number, place)
            if copy is not None:
                self._displace(copy, path)
        for copy in self._state.copies_below(self.number, path):
            self._displace(copy, path)
        there = os.path.join(self.directory, path)
        if os.path.isdir(there) and not os.path.islink(there):
            with environment(there):
                _remove_empty(there)

    def _displace(self, copy: StagedCopy, path: bytes) -> None:
        """Take a file off the disc for what gets ``path``; if another watched file has its content, rename it to that.

        Where no other disc has the content and it cannot be renamed, the files that have it are staged again.
        """
        place = os.path.join(self.directory, copy.path)
        alike = self._state.with_hash(copy.sha256, 2) if copy.kind == Kind.FILE else ()
        heir = next((each for each, _ in alike if each != copy.path), None)
        is_needed = heir is not None and self._is_only(copy)
        if is_needed and heir is not None and not _collide(heir, path):
            self._make_way(heir)
            self._move(copy, heir)
            return
        if is_needed:
            self._state.forget_content(copy.sha256)
        with environment(place), suppress(FileNotFoundError):
            os.unlink(place)
        self._state.remove_copy(copy)
        self.used_bytes -= copy.cost

    def _move(self, copy: StagedCopy, path: bytes) -> None:
        to = os.path.join(self.directory, path)
        with environment(to):
            os.makedirs(os.path.dirname(to), 0o700, exist_ok=True)
            os.rename(os.path.join(self.directory, copy.path), to)
        self._state.move_copy(copy, path)
        self._directories.update(directories_above(path))

    def _is_only(self, copy: StagedCopy) -> bool:
        """Whether no other disc has the content."""
        found = self._state.sound_copy(copy.sha256)
        return found is not None and found.id == copy.id


def _collide(one: bytes, other: bytes) -> bool:
    return one == other or one.startswith(other + b"/") or other.startswith(one + b"/")


def _remove_empty(directory: bytes) -> None:
    for above, below, _ in os.walk(directory, topdown=False):
        for name in below:
            os.rmdir(os.path.join(above, name))
    os.rmdir(directory)
