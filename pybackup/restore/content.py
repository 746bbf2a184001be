"""Reading the content of one file of an archive as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack

from pybackup.archive.archive import Archive
from pybackup.archive.open import OpenArchive
from pybackup.compress.unpack import decode
from pybackup.errors import Damaged, FormatError, UsageError
from pybackup.foreign.contents import zeros
from pybackup.host.joined import open_place
from pybackup.host.storage import ArchiveFile
from pybackup.layout.sparse import SparseReader
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing
from pybackup.model.member import Member, Stored

from .worker import said_of_all


def read_content(
    archive: OpenArchive, path: bytes, *, mend: Callable[[Stored], Archive | None] | None = None
) -> Iterator[bytes]:
    """Yield the content of one file; each segment is checked before any of it is yielded.

    Parameters
    ----------
    mend
        Called once, if a segment is damaged; returns a better archive to go on with, or None.

    Raises
    ------
    UsageError
        There is no file of that path.
    Damaged
        A segment is lost.
    """
    stored = _file_of(archive.listing, path)
    if stored.fault:
        raise Damaged(stored.fault)
    pieces = _segments(archive, stored, path, mend or _without_mending)
    return _filled(pieces, stored.entry.size) if stored.sparse else pieces


def _file_of(listing: Listing, path: bytes) -> Stored:
    rows = {found: row for row, found in enumerate(listing.paths)}
    stored = listing.stored(rows[path]) if path in rows else None
    if stored and stored.entry.kind is Kind.HARDLINK and stored.entry.target in rows:
        stored = listing.stored(rows[stored.entry.target])
    if stored is None or stored.entry.kind is not Kind.FILE:
        raise UsageError(f"{path.decode(errors='backslashreplace')}: no file of that path in the archive")
    return stored


def _without_mending(stored: Stored) -> Archive | None:
    return None


def _segments(
    archive: OpenArchive, stored: Stored, path: bytes, mend: Callable[[Stored], Archive | None]
) -> Iterator[bytes]:
    file, members = archive.file, stored.members
    with ExitStack() as stack:
        for number in range(len(members)):
            try:
                piece = first_whole(file, [members[number], *stored.spares])
            except FormatError:
                better, mend = mend(stored), _without_mending
                if better is None:
                    raise
                file = stack.enter_context(open_place(better.place))
                better_one = _file_of(better.listing, path)
                members = better_one.members
                piece = first_whole(file, [members[number], *better_one.spares])
            yield piece


def first_whole(file: ArchiveFile, members: Sequence[Member]) -> bytes:
    """Return the content of the first intact one of members that all hold the same.

    Raises
    ------
    Damaged
        All of them are damaged.
    """
    faults = []
    for member in members:
        try:
            return b"".join(decode(file, member))
        except FormatError as error:
            faults.append(str(error))
    raise Damaged(said_of_all(faults))


def _filled(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the content of a sparse file, with zeros for holes, from its sparse stream."""
    reader = SparseReader(size)
    at = 0
    for piece in pieces:
        for offset, data in reader.feed(piece):
            yield from zeros(offset - at)
            yield data
            at = offset + len(data)
    reader.finish()
    yield from zeros(size - at)
