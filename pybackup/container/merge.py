"""Listings of the volumes of a set as one: each entry once, the segments of a file from all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Member, Stored

from .listing import Rows


@dataclass(frozen=True, slots=True)
class VolumeRows:
    """The rows of one volume, and at which address its bytes stand among those of the others."""

    address: int
    rows: Rows
    paths: Sequence[bytes]

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row``, its members at their addresses."""
        stored = self.rows.stored(row, path)
        if not stored.members or not self.address:
            return stored
        moved = tuple(replace(member, offset=member.offset + self.address) for member in stored.members)
        return replace(stored, members=moved)


class MergedRows:
    """The rows of several volumes, in tree order.

    Parameters
    ----------
    volumes
        In the order of their numbers: what a later one says of an entry counts.
    bare
        Entries without content that none of them may have.
    """

    def __init__(self, volumes: Sequence[VolumeRows], bare: Iterable[Entry] = ()) -> None:
        self._volumes = volumes
        self._bare: dict[bytes, Entry] = {}
        places: dict[bytes, tuple[int, int]] = {}
        self._earlier: dict[bytes, list[tuple[int, int]]] = {}
        for number, volume in enumerate(volumes):
            for row, path in enumerate(volume.paths):
                if path in places and volume.rows.kinds[row] == Kind.FILE:
                    self._earlier.setdefault(path, []).append(places[path])
                places[path] = number, row
        for entry in bare:
            if entry.path not in places:
                self._bare[entry.path] = entry
        # A slash before all other bytes: a directory, then all that is in it.
        self.paths = sorted((*places, *self._bare), key=lambda path: path.replace(b"/", b"\0"))
        self._places = [places.get(path) for path in self.paths]
        self.kinds: Sequence[int] = [
            self._bare[path].kind if place is None else volumes[place[0]].rows.kinds[place[1]]
            for path, place in zip(self.paths, self._places, strict=True)
        ]

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row``, with all members of its content that any volume has."""
        place = self._places[row]
        if place is None:
            return Stored(self._bare[path])
        last = self._stored(place, path)
        if not last.numbers:
            return last
        parts = [self._stored(earlier, path) for earlier in self._earlier.get(path, ())]
        return join([*parts, last])

    def _stored(self, place: tuple[int, int], path: bytes) -> Stored:
        number, row = place
        return self._volumes[number].stored(row, path)


def join(parts: Sequence[Stored]) -> Stored:
    """Return a file of which several volumes have some segments; what the last of them says of it counts."""
    last = parts[-1]
    found: dict[int, Member] = {}
    changed = False
    for part in parts:
        if _is_of(part, last):
            found.update(zip(part.numbers, part.members, strict=True))
            changed |= part.changed
    numbers = sorted(found)
    members = tuple(found[number] for number in numbers)
    if len(members) == last.segments:
        return Stored(last.entry, members, last.digest, last.sparse, changed)
    return Stored(last.entry, members, last.digest, last.sparse, changed, last.segments, tuple(numbers))


def _is_of(part: Stored, last: Stored) -> bool:
    """Whether it is of the same content: not what was begun before the file changed."""
    one, other = part.entry, last.entry
    same = (one.size, one.mtime_ns, part.segments) == (other.size, other.mtime_ns, last.segments)
    return same and part.sparse == last.sparse
