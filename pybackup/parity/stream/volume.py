"""The sectors of a volume, in one file or with the parity stream in a second one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from pybackup.layout.guard import Geometry
from pybackup.sector import SECTOR


class Readable(Protocol):
    """A file read at any offset."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes at ``offset``, fewer at the end only."""
        ...

    def read_what_is_left(self, offset: int, count: int) -> bytes:
        """Return the same, with zeros for what cannot be read."""
        ...


class Writable(Protocol):
    """A file written at any offset."""

    def write_at(self, offset: int, data: bytes) -> None:
        """Overwrite what is there, or extend the file."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where neighbouring sectors lie: ``n_bytes`` is less than they have where the last is filled up with zeros."""

    in_stream_file: bool
    offset: int
    first: int
    sectors: int
    n_bytes: int


def places(geometry: Geometry, first: int, count: int, *, sidecar: bool) -> Iterator[Place]:
    """Yield where the ``count`` sectors from ``first`` on lie, in order."""
    stream_start = geometry.before_sectors
    stream_end = stream_start + geometry.stream_sectors
    parts = (
        (0, stream_start, 0, geometry.before_bytes, False),
        (stream_start, stream_end, 0 if sidecar else stream_start * SECTOR, geometry.stream_bytes, sidecar),
        (stream_end, geometry.sectors, stream_end * SECTOR, geometry.after_bytes, False),
    )
    for start, end, offset, n_bytes, in_stream_file in parts:
        low, high = max(first, start), min(first + count, end)
        if low < high:
            skipped = (low - start) * SECTOR
            size = min((high - low) * SECTOR, n_bytes - skipped)
            yield Place(in_stream_file, offset + skipped, low, high - low, size)


@dataclass(frozen=True, slots=True)
class Sectors:
    """A volume that can be read by sectors.

    Attributes
    ----------
    data
        The file that is protected.
    stream
        The sidecar; None where the file holds its own stream.
    """

    geometry: Geometry
    data: Readable
    stream: Readable | None = None

    def read(self, first: int, count: int) -> bytes:
        """Return ``count`` sectors; zeros stand for what the files do not have.

        Raises
        ------
        OSError
            The medium cannot be read there.
        """
        parts = []
        for place in places(self.geometry, first, count, sidecar=self.stream is not None):
            file = self.stream if place.in_stream_file and self.stream is not None else self.data
            data = file.read_at(place.offset, place.n_bytes)
            parts.append(data)
            if len(data) < place.sectors * SECTOR:
                parts.append(bytes(place.sectors * SECTOR - len(data)))
        return parts[0] if len(parts) == 1 else b"".join(parts)


@dataclass(frozen=True, slots=True)
class VolumeWriter:
    """Writes sectors to where they belong, the filling of a last one left out."""

    geometry: Geometry
    data: Writable
    stream: Writable | None = None

    def write(self, first: int, data: bytes) -> None:
        """Write whole sectors from number ``first`` on."""
        at = 0
        for place in places(self.geometry, first, len(data) // SECTOR, sidecar=self.stream is not None):
            file = self.stream if place.in_stream_file and self.stream is not None else self.data
            file.write_at(place.offset, data[at : at + place.n_bytes])
            at += place.sectors * SECTOR
