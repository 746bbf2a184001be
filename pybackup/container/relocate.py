"""Members that lie elsewhere than an index says: bytes were lost or came in before them, and all behind is shifted."""

from __future__ import annotations

from dataclasses import replace

from pybackup.host.storage import ArchiveFile
from pybackup.layout import ustar
from pybackup.layout.note import Role
from pybackup.layout.sevenzip import SIGNATURE
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing, Rows
from pybackup.model.member import Member, Stored

from .scan import scan

_SAMPLES = 256
_DIGEST_BYTES = 4

_Key = tuple[bytes, int, int]


class RelocatedRows:
    """Rows of a listing whose members are looked for by their digest where headers with a note say they are."""

    def __init__(self, rows: Rows, places: dict[_Key, list[int]]) -> None:
        self._rows = rows
        self._places = places
        self.kinds = rows.kinds

    def stored(self, row: int, path: bytes) -> Stored:
        """Return the entry of ``row``."""
        stored = self._rows.stored(row, path)
        members = tuple(map(self._relocated, stored.members))
        return stored if members == stored.members else replace(stored, members=members)

    def _relocated(self, member: Member) -> Member:
        places = self._places.get(_key(member.digest, member.raw_bytes, member.stream_bytes), [])
        if not places or member.offset in places:
            return member
        return replace(member, offset=min(places, key=lambda place: abs(place - member.offset)))


def relocate(file: ArchiveFile, listing: Listing) -> Listing:
    """Return the listing with its members where they are, if a sample of them is not where it says.

    That a member is the right one only its digest tells, once it has been decoded.
    """
    if _in_place(file, listing):
        return listing
    places: dict[_Key, list[int]] = {}
    for found in scan(file).headers:
        said = found.note
        if said.role is Role.CONTENT and said.archive_id == listing.archive_id:
            key = _key(said.digest, said.raw_bytes, said.stream_bytes)
            places.setdefault(key, []).append(found.offset + ustar.BLOCK)
    return replace(listing, rows=RelocatedRows(listing.rows, places))


def _in_place(file: ArchiveFile, listing: Listing) -> bool:
    files = [row for row, kind in enumerate(listing.rows.kinds) if kind == Kind.FILE]
    for row in files[:: max(1, len(files) // _SAMPLES)]:
        for member in listing.stored(row).members[-1:]:
            try:
                if file.read_at(member.offset, len(SIGNATURE)) != SIGNATURE:
                    return False
            except (OSError, OverflowError):
                return False
    return True


def _key(digest: bytes, raw_bytes: int, stream_bytes: int) -> _Key:
    return digest[:_DIGEST_BYTES], raw_bytes, stream_bytes
