"""Opening an archive: by its tree index, found from the first header or from the end; else by what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pybackup.errors import Damaged, FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import index, ustar
from pybackup.layout.note import Note, Role
from pybackup.layout.table import Table
from pybackup.model.listing import Listing, Way
from pybackup.model.member import Member
from pybackup.sector import SECTOR

from .found_indexes import found_indexes
from .notes import archive_id_in
from .tables import load_table, settings_of

if TYPE_CHECKING:
    from .scan import Findings

# The foot of the tree index lies before at most a block of padding and the end of the archive;
# more is read for archives that something was appended to.
_TAIL_BYTES = 64 * 1024


def open_listing(file: ArchiveFile) -> Listing:
    """Return what the archive holds, by the best structure that is left.

    Raises
    ------
    NotAnArchive
        Nothing in the file belongs to an archive.
    """
    found = _by_index(file)
    if isinstance(found, Listing):
        return found
    # Only what is damaged needs them.
    from .recover import recover
    from .scan import scan

    findings = scan(file)
    archive_id = found.archive_id or findings.main_id()
    return _by_found_index(file, findings, archive_id, found.damage) or recover(
        file, findings, found.expected, found.damage, archive_id=archive_id
    )


def open_indexed(file: ArchiveFile, growth: index.Allowance | None = None) -> Listing | None:
    """Return what the archive holds, by its tree index; None where that is lost: what is left is not scanned for.

    Parameters
    ----------
    growth
        What the indexes of other archives in the same file have asked for.
    """
    found = _by_index(file, growth)
    return found if isinstance(found, Listing) else None


@dataclass(frozen=True, slots=True)
class _Lost:
    """What is known of an archive whose tree index is lost."""

    expected: int | None
    damage: list[str]
    archive_id: bytes | None


def _by_index(file: ArchiveFile, growth: index.Allowance | None = None) -> Listing | _Lost:
    damage: list[str] = []
    expected: int | None = None
    locator = read_locator(file)
    if locator is None:
        damage.append("the first header is damaged")
    else:
        expected = locator.segments
        least = locator.file_bytes + len(ustar.END)
        if file.size < least:
            damage.append(f"{least - file.size} bytes are missing at the end")
    archive_id = locator.archive_id if locator else None
    for offset, size in _places(file, locator):
        try:
            blob = index.unpack_index(file.read_what_is_left(offset, size), growth)
            archive_id = archive_id or archive_id_in(file) or blob.head.archive_id
            if blob.head.archive_id != archive_id:
                # Of an archive that was cut, the last one left may be that of another volume of the set.
                raise Damaged("one of another archive stands in its place")
            expected = blob.head.entries
            table = load_table(blob)
            if blob.corrected_bytes:
                damage.append(f"{blob.corrected_bytes} bytes of the tree index, repaired by its parity")
            if locator and (behind := second_archive(file, _end(file, locator))):
                damage.append(behind)
            return _from_tree(table, blob.head, damage)
        except (FormatError, OSError) as error:
            damage.append(f"the tree index: {error}")
    return _Lost(expected, damage, locator.archive_id if locator else None)


def second_archive(file: ArchiveFile, end: int) -> str:
    """Return in words that another archive begins where one has ended; nothing where none does."""
    try:
        begins = Note.unpack(file.read_what_is_left(end, ustar.BLOCK)).role is Role.LOCATOR
    except (FormatError, OSError):
        return ""
    return f"another archive begins at byte {end}: 'tail -c +{end + 1}' cuts it out" if begins else ""


def _end(file: ArchiveFile, locator: Note) -> int:
    """Where the archive ends by its first header and that of its parity stream."""
    at = locator.file_bytes
    try:
        block = file.read_what_is_left(at, ustar.BLOCK)
        if any(block):
            said = Note.unpack(block)
            at += ustar.BLOCK + said.raw_bytes if said.role is Role.PARITY else 0
    except (FormatError, OSError):
        return file.size
    return at + len(ustar.END)


def _by_found_index(
    file: ArchiveFile, findings: Findings, archive_id: bytes | None, damage: Sequence[str]
) -> Listing | None:
    """What the archive holds, by a tree index of it that nothing leads to any more; None where there is none."""
    if archive_id is None:
        return None
    for _, blob in found_indexes(file, findings, scope=index.TREE, archive_id=archive_id):
        if isinstance(blob, index.Blob):
            with suppress(FormatError):
                return _from_tree(load_table(blob), blob.head, damage)
    return None


def read_locator(file: ArchiveFile) -> Note | None:
    """The note of the first header, which says where the tree index lies; None where it is damaged."""
    try:
        locator = Note.unpack(read_exactly(file, 0, ustar.BLOCK))
    except (FormatError, OSError):
        return None
    return locator if locator.role is Role.LOCATOR and locator.stream_bytes else None


def body_length(file: ArchiveFile, start: int) -> int | None:
    """Return how long the body of the archive at byte ``start`` says that it is; None where its header is damaged."""
    try:
        said = Note.unpack(file.read_what_is_left(start, ustar.BLOCK))
    except FormatError:
        return None
    return said.file_bytes if said.role is Role.LOCATOR else None


def stated_crc(file: ArchiveFile, member: Member) -> int | None:
    """Return the CRC-32 of the bytes of a member, by its header; None where that is damaged."""
    try:
        return Note.unpack(read_exactly(file, member.offset - ustar.BLOCK, ustar.BLOCK)).data_crc
    except (FormatError, OSError):
        return None


def _from_tree(table: Table, head: index.Head, damage: Sequence[str]) -> Listing:
    paths = table.paths(head.body_bytes)
    settings = settings_of(table)
    if head.scope != index.TREE:
        raise Damaged("an index of one container stands where the tree index should")
    return Listing(
        paths,
        table,
        Way.TREE,
        head.archive_id,
        len(paths),
        tuple(damage),
        settings,
        tuple(table.containers()),
        digest=head.body_digest,
    )


def _places(file: ArchiveFile, locator: Note | None) -> Iterator[tuple[int, int]]:
    """Where the tree index may lie: as the locator says, then as a foot near the end says."""
    said = (locator.raw_bytes, locator.stream_bytes) if locator else None
    if said and sum(said) <= file.size:
        yield said
    for end in (file.size, _before_stream(file)):
        foot = find_foot(file, end, index.TREE)
        if foot and foot != said:
            yield foot


def _before_stream(file: ArchiveFile) -> int:
    """Where the parity stream starts, by the guard sector that ends it; 0 where there is none."""
    from pybackup.layout import guard  # nor does what is whole need it

    try:
        last = read_exactly(file, file.size - len(ustar.END) - SECTOR, SECTOR)
        return min(guard.GuardSector.unpack(last).geometry.before_bytes, file.size)
    except (FormatError, OSError):
        return 0


def find_foot(file: ArchiveFile, end: int, scope: int, *, within_bytes: int = _TAIL_BYTES) -> tuple[int, int] | None:
    """Return offset and length of the index of ``scope`` whose foot is the last before ``end``; None for none."""
    start = max(0, end - within_bytes)
    try:
        tail = file.read_at(start, end - start)
    except OSError:
        return None
    at = tail.rfind(index.FOOT_MAGIC)
    while at >= 0:
        try:
            head = index.Head.unpack(tail[at : at + index.HEAD.size])
        except FormatError:
            head = None
        stop = start + at + index.HEAD.size
        if head and head.scope == scope and head.total_bytes <= stop:
            return stop - head.total_bytes, head.total_bytes
        at = tail.rfind(index.FOOT_MAGIC, 0, at)
    return None


def segment_numbers(file: ArchiveFile, members: Sequence[Member]) -> list[int]:
    """Which segments of their file these are, by their headers: for a file of which segments are missing.

    Raises
    ------
    Damaged, OSError
        A header cannot be read.
    """
    return [Note.unpack(read_exactly(file, member.offset - ustar.BLOCK, ustar.BLOCK)).segment for member in members]


def read_exactly(file: ArchiveFile, offset: int, count: int) -> bytes:
    """Return ``count`` bytes at ``offset``.

    Raises
    ------
    Damaged
        The archive has fewer.
    OSError
        The medium cannot be read there.
    """
    data = file.read_at(offset, count) if 0 <= offset <= file.size - count else b""
    if len(data) != count:
        raise Damaged("the archive ends in the middle of a structure")
    return data
