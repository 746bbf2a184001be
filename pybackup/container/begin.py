"""Where an archive begins in a file that does not begin as one: told by its foot, its first header, or its indexes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import index, ustar
from pybackup.layout.note import Note, Role
from pybackup.layout.table import Table
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing, Rows

from .bundle_place import begins_there
from .found_indexes import found_indexes
from .read import open_indexed, read_exactly
from .scan import Findings, scan
from .tables import load_table

_SAMPLES = 64
_VOTES = 100
_DIGEST_BYTES = 4
# A member by its digest and packed length; where a container begins or ends, by its number.
_Key = tuple[bytes, int]


def begin_of(file: ArchiveFile) -> int:
    """Return where in a file the archive begins of which most is left; below 0 where its start was cut off.

    The file is read to its end, unless the index at its end is of an archive that begins where the file does.
    """
    try:
        listing = open_indexed(file)
    except FormatError:
        listing = None
    if listing is not None and _lies_there(file, listing):
        return 0
    findings = scan(file)
    main_id = findings.main_id()
    if main_id is None:
        return 0
    of_main = [found for found in findings.headers if found.note.archive_id == main_id]
    first = next((found.offset for found in of_main if found.note.role is Role.LOCATOR), None)
    if first is not None:
        return first
    votes = _votes(findings, main_id, map(_told, _tables(file, findings, main_id)))
    return 0 if not votes or votes[0] else max(votes, key=votes.__getitem__)


def begin_by_rows(file: ArchiveFile, rows: Rows) -> int | None:
    """Return where an archive begins, by any member or container that its rows tell of; None where none is left."""
    findings = scan(file)
    main_id = findings.main_id()
    votes = _votes(findings, main_id, [_told(rows)]) if main_id else None
    return max(votes, key=votes.__getitem__) if votes else None


def _votes(findings: Findings, archive_id: bytes, told: Iterable[Iterable[tuple[_Key, int]]]) -> Counter[int]:
    """How much further on things lie than indexes tell, and how many do."""
    places = dict(_places(findings, archive_id))
    votes: Counter[int] = Counter()
    for of_one_index in told:
        votes.update(places[key] - offset for key, offset in of_one_index if key in places)
        if votes.total() > _VOTES:
            break
    return votes


def _places(findings: Findings, archive_id: bytes) -> Iterator[tuple[_Key, int]]:
    """Where members lie, where containers begin by their headers, and where they end by their own indexes."""
    for member in findings.members(archive_id):
        yield (member.digest[:_DIGEST_BYTES], member.packed_bytes), member.offset
    for found in findings.headers:
        if found.note.archive_id == archive_id and found.note.role is Role.CONTAINER:
            yield (b"begin", found.note.raw_bytes), found.offset + ustar.BLOCK
    for offset, head in findings.indexes:
        if head.archive_id == archive_id and head.scope == index.CONTAINER and head.version > 1:
            yield (b"end", head.container), offset + ustar.padded(head.total_bytes)


def _told(rows: Rows) -> Iterator[tuple[_Key, int]]:
    """Where members lie, and where containers begin and end, as the rows of an index have it."""
    for row, kind in enumerate(rows.kinds):
        if kind == Kind.FILE:
            for member in rows.stored(row, b"").members:
                yield (member.digest[:_DIGEST_BYTES], member.packed_bytes), member.offset
    for _, container in rows.containers() if isinstance(rows, Table) else ():
        yield (b"begin", container.number), container.offset
        yield (b"end", container.number), container.offset + container.n_bytes


def _lies_there(file: ArchiveFile, listing: Listing) -> bool:
    """Whether most of some members have their header where the listing says, or the notes of their bundle before them.

    Several files may be of the same content, and those without any are: one of them is no proof.
    """
    votes = 0
    files = [row for row, kind in enumerate(listing.rows.kinds) if kind == Kind.FILE]
    for number in range(0, len(files), max(1, len(files) // _SAMPLES)):
        row = files[number]
        for member in listing.stored(row).members:
            if member.bundled:
                votes += begins_there(file, listing, files, number)
                continue
            try:
                said = Note.unpack(read_exactly(file, member.offset - ustar.BLOCK, ustar.BLOCK))
            except (FormatError, OSError):
                continue
            if member.raw_bytes and said.role is Role.CONTENT:
                votes += 1 if said.digest.startswith(member.digest[:_DIGEST_BYTES]) else -1
    containers = listing.containers
    for _, container in containers[:: max(1, len(containers) // _SAMPLES)]:
        try:
            said = Note.unpack(read_exactly(file, container.offset - ustar.BLOCK, ustar.BLOCK))
        except (FormatError, OSError):
            continue
        votes += 1 if (said.role, said.raw_bytes) == (Role.CONTAINER, container.number) else -1
    return votes > 0


def _tables(file: ArchiveFile, findings: Findings, archive_id: bytes) -> Iterator[Table]:
    """The rows of those indexes of an archive that are whole."""
    for _, blob in found_indexes(file, findings, archive_id=archive_id):
        if isinstance(blob, index.Blob):
            with suppress(FormatError):
                yield load_table(blob)
