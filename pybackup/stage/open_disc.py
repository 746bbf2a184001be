"""The directory of the open disc: files are put into it, renamed there and removed.

Of each path only the last version is kept. The state is changed together with the directory.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from pybackup.host.environment import environment
from pybackup.host.temporaries import open_claimed
from pybackup.model.entry import Kind, directories_above

from .copying import CopiedFile, copy_file, place_copy
from .cost import cost_of
from .state import StageState
from .values import ChangeKind, StagedCopy, StagedDisc, discs_of

_ATTEMPTS = 2
DISCS, VOLUMES = b"discs", b"volumes"  # in the staging directory: staged files, and archives of discs being closed


def disc_directory(staging: bytes, name: str) -> bytes:
    """Return the directory of the files for a disc, which is there until its image is."""
    return os.path.join(staging, DISCS, os.fsencode(name))


class OpenDisc:
    """The disc that takes files. Call `open` first, and again after the disc was closed; `leave` at the end.

    Parameters
    ----------
    now_ns
        The time at which copies are staged, as the state has it, in ns since the epoch.

    Attributes
    ----------
    is_marked
        Whether the state says that a run is changing what is staged; it stays so if the run is killed.
    """

    def __init__(self, state: StageState, now_ns: int) -> None:
        self._state, self._settings, self._now = state, state.settings, now_ns
        self._fd = -1
        self.is_marked = False

    def open(self) -> None:
        """Get ready to fill the open disc; if there is none, begin one.

        Raises
        ------
        EnvironmentFailed
            Its directory cannot be made or written to.
        """
        self.disc: StagedDisc = self._state.open_disc(self._now)
        self.number, self.used_bytes = self.disc.number, self.disc.used_bytes
        self._known_directories: set[bytes] | None = None
        self.directory = disc_directory(self._state.directory, self.disc.name)
        with environment(self.directory):
            os.makedirs(self.directory, 0o700, exist_ok=True)
            self._fd = open_claimed(self.directory)

    @property
    def _directories(self) -> set[bytes]:
        """The directories on it, looked for only when a file comes."""
        if self._known_directories is None:
            self._known_directories = self._state.directories_on(self.number)
        return self._known_directories

    def discs_with(self, cost: int) -> int:
        """Return how many discs this one becomes with a file that costs so many bytes."""
        return discs_of(self._settings, self.used_bytes + cost)

    def has_room(self, cost: int) -> bool:
        """Whether a file that costs so many bytes can go onto this disc.

        One that is larger than a disc always can: it makes several of this one, and the last of them takes others.
        """
        return cost > self._settings.capacity_bytes or self.discs_with(cost) == self.discs_with(0)

    @property
    def is_full(self) -> bool:
        """Whether as much of it is used as the settings say; of several discs, of the last one."""
        of_others = (self.discs_with(0) - 1) * self._settings.capacity_bytes
        return self.used_bytes - of_others >= self._settings.full_bytes

    def leave(self) -> None:
        """Let go of the directory of the disc, if it is held."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def cost_of(self, path: bytes, size: int) -> int:
        """Return the most bytes that a file takes on this disc, with its directories that are not on it yet."""
        return cost_of(path, size, sum(each not in self._directories for each in directories_above(path)))

    def copy(self, source: bytes) -> CopiedFile | None:
        """Copy a file; if it changes meanwhile, once more; return None if it changes again.

        Raises
        ------
        OSError
            The file cannot be read, or the copy cannot be written.
        """
        for _ in range(_ATTEMPTS):
            copied = copy_file(source, self._fd)
            if copied is not None:
                return copied
        return None

    def place(self, copied: CopiedFile, path: bytes, cost: int, kind: ChangeKind) -> None:
        """Give a copy its path on the disc, replacing what is there; ``cost`` is from `cost_of`, in bytes.

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
        """Give a file on this disc another path, replacing what is there.

        Raises
        ------
        EnvironmentFailed
        """
        self._mark()
        self._make_way(path)
        self._move(copy, path)

    def _mark(self) -> None:
        """Note in the state that a run is changing the disc. If the run is killed, the next one checks the disc."""
        if not self.is_marked:
            self._state.mark_clean(clean=False)
            self._state.commit()
            self.is_marked = True

    def _make_way(self, path: bytes) -> None:
        """Remove whatever is in the way at a path: a file there, files below it, a file in place of its directories."""
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
        """Take a file off the disc to make room at ``path``.

        If another watched file has its content, and no other disc, it is renamed to that. If that path is in the way
        too, the state forgets these files, so that they are staged again.
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
