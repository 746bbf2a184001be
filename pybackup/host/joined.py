"""Stretches of several files read as one, each at an address of its own: volumes of a set, an archive in an image."""

from __future__ import annotations

import errno
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from .storage import ArchiveFile


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file.

    Attributes
    ----------
    address
        Where it stands among the others, in bytes.
    path, offset
        The file, and where the stretch starts in it; an empty path for one that is not at hand.
    label
        What it is called, for people.
    is_spare
        It holds what another part does, and is not looked through.
    """

    address: int
    n_bytes: int
    path: bytes
    offset: int = 0
    label: str = ""
    is_spare: bool = False


Place = bytes | tuple[Part, ...]
"""Where an archive lies: a file, or parts of several. Can be pickled, so workers open their own."""


class JoinedFile(ArchiveFile):
    """Parts of files, ascending by their addresses, as one file with nothing between them.

    A file is opened when it is read first: of a set most readers need few volumes.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self._starts = [part.address for part in parts]
        self._files: dict[bytes, ArchiveFile] = {}
        self.path = next((part.path for part in parts if part.path), b"")
        self.size = max((part.address + part.n_bytes for part in parts), default=0)

    @property
    def written(self) -> float:
        """When the newest of the files was written last, in seconds since the epoch."""
        return max((self._file(part.path).written for part in self.parts if part.path), default=0.0)

    @property
    def is_drive(self) -> bool:
        """Whether any of the files is a drive or the like."""
        return any(self._file(part.path).is_drive for part in self.parts if part.path)

    @property
    def stretches(self) -> list[tuple[int, int]]:
        """Where there are bytes: start and end of each stretch."""
        return [(part.address, part.address + part.n_bytes) for part in self.parts if part.path and not part.is_spare]

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes at ``offset``: fewer at the end of a part, none between them.

        Raises
        ------
        OSError
            The medium cannot be read there, or is not at hand.
        UsageError, EnvironmentFailed
            As `ArchiveFile`, of the file that holds that part.
        """
        number = bisect_right(self._starts, offset) - 1
        if number < 0:
            return b""
        part = self.parts[number]
        within = offset - part.address
        if within >= part.n_bytes:
            return b""
        if not part.path:
            raise OSError(errno.ENOMEDIUM, f"it is on {part.label}, which is not here")
        return self._file(part.path).read_at(part.offset + within, min(count, part.n_bytes - within))

    def _file(self, path: bytes) -> ArchiveFile:
        if path not in self._files:
            self._files[path] = ArchiveFile(path)
        return self._files[path]

    def close(self) -> None:
        """Close all files; reading is over."""
        for file in self._files.values():
            file.close()
        self._files.clear()


def part_of(path: bytes, offset: int, n_bytes: int, *, address: int = 0, label: str = "") -> Part:
    """Return a stretch of a file as a part; one that begins before the file lacks its start."""
    cut = max(0, -offset)
    return Part(address + cut, n_bytes - cut, path, max(0, offset), label)


def open_place(place: Place) -> ArchiveFile:
    """Open what lies at a place, to be read at any offset."""
    return ArchiveFile(place) if isinstance(place, bytes) else JoinedFile(place)
