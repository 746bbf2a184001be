"""Listings of the volumes of a set as one: each entry once, the segments of a file from all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pybackup.model.entry import Entry, Kind, tree_key
from pybackup.model.listing import Rows
from pybackup.model.member import MAX_DEPTH, Member, Stored

_LEAST_DIGEST = 4


@dataclass(frozen=True, slots=True)
class VolumeRows:
    """The rows of one volume, and at which address its bytes stand among those of the others.

    Attributes
    ----------
    spares
        Where other images of the same volume stand.
    """

    address: int
    rows: Rows
    paths: Sequence[bytes]
    is_at_hand: bool = True
    spares: tuple[int, ...] = ()

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row``, its members at their addresses."""
        stored = self.rows.stored(row, path)
        if not stored.members or not (self.address or self.spares):
            return stored
        return stored._replace(members=tuple(map(self._placed, stored.members)))

    def _placed(self, member: Member) -> Member:
        places = (member.offset, *member.others)
        spares = tuple(place + address for address in self.spares for place in places)
        moved = member.moved(self.address)
        return moved._replace(others=(*moved.others, *spares)) if spares else moved


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
        # Of those files that several volumes have: where, in the order of the volumes.
        self._several: dict[bytes, list[tuple[int, int]]] = {}
        for number, volume in enumerate(volumes):
            for row, path in enumerate(volume.paths):
                if path in places and volume.rows.kinds[row] == Kind.FILE:
                    self._several.setdefault(path, []).append(places[path])
                places[path] = number, row
        for path, found in self._several.items():
            found.append(places[path])
        for entry in bare:
            if entry.path not in places:
                self._bare[entry.path] = entry
        self.paths = sorted((*places, *self._bare), key=tree_key)
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
        places = self._several.get(path)
        if places is None:
            return self._stored(place, path)
        parts = [self._stored(each, path) for each in places]
        if parts[-1].base_digest:
            return on_base(parts)
        if parts[-1].numbers:
            return join(parts)
        at_hand = [self._volumes[number].is_at_hand for number, _ in places]
        return with_spares(parts, at_hand)

    def contradictions(self) -> Iterator[tuple[bytes, list[int]]]:
        """Yield files that several volumes have whole, and of different content; and the addresses of those volumes."""
        for path, places in self._several.items():
            parts = [self._volumes[number].rows.stored(row, path) for number, row in places]
            if any(_contradicts(part, parts[-1]) for part in parts[:-1]):
                yield path, [self._volumes[number].address for number, _ in places]

    def _stored(self, place: tuple[int, int], path: bytes) -> Stored:
        number, row = place
        return self._volumes[number].stored(row, path)


def on_base(parts: Sequence[Stored], depth: int = MAX_DEPTH) -> Stored:
    """Return a file that is built on contents of which earlier archives tell under its path.

    Each of these has another SHA-256, and whoever is a base comes before what is built on it. Of one that is built on
    more than ``depth`` contents, each on the next, the base counts as unknown.
    """
    last = parts[-1]
    own, before = _parted(parts, last)
    found = join(own) if last.numbers else last
    base = _content_of(before, last.base_digest, depth)
    return found if base is None else _built(found, base)


def _content_of(parts: Sequence[Stored], digest: bytes, depth: int) -> Stored | None:
    """The content with a SHA-256 among what archives tell of a file; None where none tells of all of it."""
    at = next((at for at in reversed(range(len(parts))) if parts[at].digest == digest), -1)
    if at < 0 or depth < 1:
        return None
    same, _ = _parted(parts, parts[at])
    if parts[at].base_digest:
        _, before = _parted(parts[:at], parts[at])
        found = on_base([*before, *same], depth - 1)
    else:
        found = join(same) if parts[at].numbers else parts[at]
    return None if found.fault else found


def _parted(parts: Iterable[Stored], one: Stored) -> tuple[list[Stored], list[Stored]]:
    """Return what is of the same content of a file, on the same base, as one part; and the rest."""
    same: list[Stored] = []
    other: list[Stored] = []
    for part in parts:
        (same if part.base_digest == one.base_digest and _is_of(part, one) else other).append(part)
    return same, other


def _built(found: Stored, base: Stored) -> Stored:
    """A file with what it takes from its base: all its segments."""
    count = found.segments or len(found.members)
    members = dict(enumerate(base.members[:count]))
    for number, member in zip(found.numbers or range(count), found.members, strict=True):
        members[number] = member._replace(base=base.members) if member.is_delta else member
    if len(members) < count:
        return found
    return found._replace(members=tuple(members[number] for number in range(count)), segments=0, numbers=(), base=base)


def join(parts: Sequence[Stored]) -> Stored:
    """Return a file of which several volumes have some segments; what the last of them says of it counts.

    Its digest stands where its last segment is, which of earlier sets may be any of the parts.
    """
    last = parts[-1]
    found: dict[int, Member] = {}
    changed, digest = False, b""
    for part in parts:
        if _is_of(part, last):
            found.update(zip(part.numbers, part.members, strict=True))
            changed |= part.changed
            digest = part.digest or digest
    numbers = sorted(found)
    members = tuple(found[number] for number in numbers)
    if len(members) == last.segments:
        numbers = []
    segments = last.segments if numbers else 0
    spent = max(part.base_spent for part in parts)
    return last._replace(
        members=members,
        digest=digest,
        changed=changed,
        segments=segments,
        numbers=tuple(numbers),
        base_spent=spent,
    )


def with_spares(parts: Sequence[Stored], at_hand: Sequence[bool]) -> Stored:
    """Return a file that the last of several volumes has whole, as what others have of it may stand in for that.

    The first of those that are at hand is the one to read, as it is the older one: what follows are second copies.
    """
    last = parts[-1]
    found = [(not here, part) for part, here in zip(parts, at_hand, strict=True) if _has_same_content(part, last)]
    if len(found) < 2:
        return last
    # Of one that is known by four bytes of its digest only, all of it is known from the others.
    full = max((part.members[0].digest for _, part in found), key=len)
    found = [(away, part) for away, part in found if full.startswith(part.members[0].digest)]
    ordered = [part for _, part in sorted(found, key=lambda each: each[0])]
    first, *spares = (part.members[0]._replace(digest=full) for part in ordered)
    changed = any(part.changed for part in ordered)
    return last._replace(members=(first,), digest=full, changed=changed, spares=tuple(spares))


def _is_of(part: Stored, last: Stored) -> bool:
    """Whether it is of the same content: not what was begun before the file changed."""
    one, other = part.entry, last.entry
    same = (one.size, one.mtime_ns, part.segments) == (other.size, other.mtime_ns, last.segments)
    return same and part.sparse == last.sparse


def _has_same_content(part: Stored, last: Stored) -> bool:
    """Whether two volumes have a file whole, in one segment, and the same content of it."""
    if not (_is_of(part, last) and len(part.members) == len(last.members) == 1) or part.numbers:
        return False
    one, other = part.members[0], last.members[0]
    return one.raw_bytes == other.raw_bytes and _agree(one.digest, other.digest)


def _contradicts(part: Stored, last: Stored) -> bool:
    """Whether two volumes have a file whole, and not the same of it."""
    if part.entry.kind is not Kind.FILE or part.numbers or last.numbers or part.missing or last.missing:
        return False
    same = (part.entry.size, part.entry.mtime_ns) == (last.entry.size, last.entry.mtime_ns)
    known = part.digest and last.digest
    return not same or bool(known and not _agree(part.digest, last.digest))


def _agree(one: bytes, other: bytes) -> bool:
    """Whether two digests, of which either may be cut, are of one content."""
    length = min(len(one), len(other))
    return length >= _LEAST_DIGEST and one[:length] == other[:length]
