"""Members that lie elsewhere than an index says: bytes were lost or came in before them, and all behind is shifted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pybackup.host.storage import ArchiveFile
from pybackup.layout.sevenzip import SIGNATURE
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing, Rows
from pybackup.model.member import Member, Stored

from .bundle_place import begins_there
from .scan import scan

_SAMPLES = 256
_DIGEST_BYTES = 4
# Of files with the same content each may be where the others are; hostile headers might tell of a million places.
_MOST_PLACES = 16
_MOST_SHIFTS = 8
_FEW_PLACES = 4
_VOTES = 4096

_Key = tuple[bytes, int, int]


class RelocatedRows:
    """Rows of a listing whose members are looked for by their digest where headers with a note say they are.

    One whose header is damaged may lie as much further on as others do.
    """

    def __init__(self, rows: Rows, places: dict[_Key, list[int]], shifts: Sequence[int]) -> None:
        self._rows = rows
        self._places = places
        self._shifts = shifts
        self.kinds = rows.kinds

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row``."""
        stored = self._rows.stored(row, path)
        members = tuple(map(self._relocated, stored.members))
        return stored if members == stored.members else stored._replace(members=members)

    def _relocated(self, member: Member) -> Member:
        places = self._places.get(_key(member.digest, member.raw_bytes, member.stream_bytes), [])
        shifted = [member.offset + shift for shift in self._shifts if member.offset + shift >= 0]
        found = {member.offset, *places, *shifted}
        ordered = sorted(found, key=lambda place: (place not in places, abs(place - member.offset)))
        return member._replace(offset=ordered[0], others=tuple(ordered[1:_MOST_PLACES]))


def relocate(file: ArchiveFile, listing: Listing, *, sample: bool = True) -> Listing:
    """Return the listing with its members where they are, if a sample of them is not where it says.

    That a member is the right one only its digest tells, once it has been decoded: what is decoded from is one of all
    places where it may lie.

    Parameters
    ----------
    sample
        False where a few may lie elsewhere though most do not: all headers are looked for.
    """
    if sample and is_in_place(file, listing):
        return listing
    places: dict[_Key, list[int]] = {}
    for found in scan(file).members(listing.archive_id):
        places.setdefault(_key(found.digest, found.raw_bytes, found.stream_bytes), []).append(found.offset)
    return replace(listing, rows=RelocatedRows(listing.rows, places, _shifts(listing, places)))


def _shifts(listing: Listing, places: Mapping[_Key, Sequence[int]]) -> list[int]:
    """How much further on than the listing says members lie of which there are few places; what most do first."""
    files = [row for row, kind in enumerate(listing.rows.kinds) if kind == Kind.FILE]
    votes: Counter[int] = Counter()
    for row in files[:: max(1, len(files) // _VOTES)]:
        for member in listing.stored(row).members:
            found = places.get(_key(member.digest, member.raw_bytes, member.stream_bytes), ())
            if len(found) <= _FEW_PLACES:
                votes.update(place - member.offset for place in found)
    return [shift for shift, _ in votes.most_common(_MOST_SHIFTS)]


def is_in_place(file: ArchiveFile, listing: Listing) -> bool:
    """Return whether those of a sample of members begin where the listing says, or the streams of their bundles do."""
    files = [row for row, kind in enumerate(listing.rows.kinds) if kind == Kind.FILE]
    for at in range(0, len(files), max(1, len(files) // _SAMPLES)):
        for member in listing.stored(files[at]).members[-1:]:
            try:
                if member.bundled:
                    is_there = begins_there(file, listing, files, at)
                else:
                    is_there = file.read_at(member.offset, len(SIGNATURE)) == SIGNATURE
            except (OSError, OverflowError):
                return False
            if not is_there:
                return False
    return True


def _key(digest: bytes, raw_bytes: int, stream_bytes: int) -> _Key:
    return digest[:_DIGEST_BYTES], raw_bytes, stream_bytes
