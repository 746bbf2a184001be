"""Reading the archive's own members behind the tree, two of which hold all entries without content."""

from __future__ import annotations

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import ustar
from pybackup.layout.note import Note, Role
from pybackup.model.entry import Entry
from pybackup.model.listing import Listing

from .read import read_exactly
from .structure import read_structure

_MAX_BYTES = 1 << 30
_MAX_NOTES_BYTES = 1 << 20  # and the 7z header behind them


def read_skeleton(file: ArchiveFile, listing: Listing) -> list[Entry]:
    """Return the entries in the members for stock tools, which follow the tree; what is damaged of them is left out."""
    entries: list[Entry] = []
    at = end_of_tree(file, listing)
    try:
        while (said := Note.unpack(read_exactly(file, at, ustar.BLOCK))).role is Role.OTHER:
            size = min(said.raw_bytes, _MAX_BYTES)
            entries += read_structure(file.read_what_is_left(at + ustar.BLOCK, size), strict=True)
            at += ustar.BLOCK + ustar.padded(said.raw_bytes)
    except (FormatError, OSError):
        pass
    return entries


def end_of_tree(file: ArchiveFile, listing: Listing) -> int:
    """Return where the last member or container of the tree ends.

    Raises
    ------
    Damaged
        The first header is.
    """
    first = ustar.Header.unpack(read_exactly(file, 0, ustar.BLOCK))
    ends = [ustar.BLOCK + ustar.padded(first.size)]
    ends += [container.offset + container.n_bytes for _, container in listing.containers]
    members = [member for stored in listing for member in stored.members]
    last = max(members, key=lambda member: member.offset, default=None)
    if last is None:
        return max(ends)
    end = last.offset + ustar.padded(last.packed_bytes)
    if last.bundled and end > max(ends):
        return _behind_bundle(file, end)
    return max(*ends, end)


def _behind_bundle(file: ArchiveFile, at: int) -> int:
    """Where the next member begins: behind the last stream of a bundle are its notes and its 7z header."""
    at = ustar.padded(at)
    for header_at in range(at, at + _MAX_NOTES_BYTES, ustar.BLOCK):
        try:
            Note.unpack(read_exactly(file, header_at, ustar.BLOCK))
        except (FormatError, OSError):
            continue
        return header_at
    return at


def own_members(file: ArchiveFile, listing: Listing) -> dict[bytes, tuple[int, int]]:
    """Return offset and length of the content of each member between the tree and the indexes, by its name.

    Raises
    ------
    Damaged, OSError
        A header cannot be read.
    """
    found: dict[bytes, tuple[int, int]] = {}
    at = end_of_tree(file, listing)
    while True:
        block = read_exactly(file, at, ustar.BLOCK)
        header = ustar.Header.unpack(block)
        if Note.unpack(block).role is Role.INDEX:
            return found
        found[header.path] = at + ustar.BLOCK, header.size
        at += ustar.BLOCK + ustar.padded(header.size)
