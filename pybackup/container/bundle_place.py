"""Whether bundles lie where a listing says: their notes stand right before the first of their streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pybackup.host.storage import ArchiveFile
from pybackup.layout import bundle
from pybackup.model.listing import Listing


def begins_there(file: ArchiveFile, listing: Listing, files: Sequence[int], number: int) -> bool:
    """Whether a file of a bundle lies where the listing says.

    Parameters
    ----------
    files, number
        The rows of all files, and which of them is meant.
    """
    begin = _start_of_streams(listing, (files[at] for at in range(number, -1, -1)))
    before = min(begin, bundle.MAX_BLOCK_BYTES)
    return bundle.notes_before(file.read_what_is_left(begin - before, before)) is not None


def _start_of_streams(listing: Listing, rows: Iterator[int]) -> int:
    """Return where the streams of the bundle begin that the first of these files is in; those before it follow."""
    first = listing.stored(next(rows))
    directory, begin = first.entry.parent, first.members[0].offset
    for row in rows:
        path = listing.paths[row]
        if not path.startswith(directory):
            break
        if path.rpartition(b"/")[0] != directory or not (stored := listing.stored(row)).bundled:
            continue
        member = stored.members[0]
        if member.offset + member.packed_bytes == begin:
            begin = member.offset
        elif stored.entry.owner == first.entry.owner:
            # Of the bundle before it.
            break
    return begin
