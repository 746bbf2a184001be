"""Scanning an archive for the structures that describe themselves, with no index at all."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import bundle, index, note, pax, ustar
from pybackup.layout.bundle import FileNote, unpack_notes
from pybackup.layout.note import Note, Role
from pybackup.sector import SECTOR

_CHUNK_BYTES = 8 << 20
_MAX_PAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FoundHeader:
    """A tar header with a note: where it lies, what it says, and the pax records before it.

    ``records`` is None where there were some, and they are lost.
    """

    offset: int
    header: ustar.Header
    note: Note
    records: dict[bytes, bytes] | None


@dataclass(frozen=True, slots=True)
class FoundNotes:
    """A block of notes of files in a bundle, and where it lies: packed, as there may be very many."""

    offset: int
    archive_id: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class NotedFile:
    """A file of a bundle, where it is noted, and in which container.

    ``stream_offset`` is where its packed stream lies, unless bytes between the notes and it were lost or inserted.
    """

    noted_at: int
    container: int
    stream_offset: int
    note: FileNote


@dataclass(frozen=True, slots=True)
class FoundMember:
    """Where a member lies, and what its note says of its content; ``packed_bytes`` as a `Member` has it."""

    offset: int
    packed_bytes: int
    stream_bytes: int
    raw_bytes: int
    digest: bytes


@dataclass(slots=True)
class _Extension:
    """Members that extend the header behind them: their bytes, the end of the last, and what they say."""

    end: int = -1
    data: bytes = b""
    records: dict[bytes, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Findings:
    """All that a scan found, in order of offsets."""

    headers: list[FoundHeader] = field(default_factory=list)
    indexes: list[tuple[int, index.Head]] = field(default_factory=list)
    notes: list[FoundNotes] = field(default_factory=list)

    def members(self, archive_id: bytes) -> Iterator[FoundMember]:
        """Yield all members of an archive: those with a header of their own, then those in bundles."""
        for found in self.headers:
            said = found.note
            if said.role is Role.CONTENT and said.archive_id == archive_id:
                begin = found.offset + ustar.BLOCK
                yield FoundMember(begin, found.header.size, said.stream_bytes, said.raw_bytes, said.digest)
        for file in self.files_of(archive_id):
            noted, begin = file.note, file.stream_offset
            yield FoundMember(begin, noted.stream_bytes, noted.stream_bytes, noted.raw_bytes, noted.digest)

    def files_of(self, archive_id: bytes) -> Iterator[NotedFile]:
        """Yield the files in bundles of an archive that notes tell of."""
        for found in self.notes:
            if found.archive_id == archive_id:
                notes = unpack_notes(found.data)
                for each, start in zip(notes.files, notes.starts, strict=True):
                    yield NotedFile(found.offset, notes.container, found.offset + start, each)

    def main_id(self) -> bytes | None:
        """Return the id of the archive most is left of; None where nothing of one is.

        What lies in a member of one does not count: it is content.
        """
        marks = [(found.offset, found.note.archive_id, _end_of_content(found)) for found in self.headers]
        marks += [(offset, head.archive_id, 0) for offset, head in self.indexes]
        marks += [(found.offset, found.archive_id, 0) for found in self.notes]
        counts: Counter[bytes] = Counter()
        behind = 0
        for offset, archive_id, end in sorted(marks):
            if offset >= behind:
                counts[archive_id] += 1
                behind = end
        return counts.most_common(1)[0][0] if counts else None


def _end_of_content(found: FoundHeader) -> int:
    holds_content = found.note.role in (Role.CONTENT, Role.BUNDLE)
    return found.offset + ustar.BLOCK + found.header.size if holds_content else 0


def scan(file: ArchiveFile) -> Findings:
    """Read the whole file and return the headers, index heads and notes of files in it.

    They lie on multiples of 512 bytes from where the archive begins; but that may be anywhere in a file, and behind
    bytes that were lost or inserted everything is shifted. An archive that is the content of a file is found too: see
    `Findings.main_id`.
    """
    findings = Findings()
    before = _Extension()
    for offset, block in _candidates(file):
        if block[:8] == index.HEAD_MAGIC:
            try:
                findings.indexes.append((offset, index.Head.unpack(block[: index.HEAD.size])))
            except FormatError:
                continue
            continue
        try:
            if block[ustar.TYPE_OFFSET : ustar.TYPE_OFFSET + 1] in pax.TYPES:
                header = ustar.Header.unpack(block)
                before = _extend(file, before if before.end == offset else _Extension(), offset, block, header)
                continue
            found = Note.unpack(block)
            # The note's CRC vouches for all but tar's own checksum, which then does not matter.
            header = ustar.Header.unpack(ustar.with_checksum(block))
        except (FormatError, OSError):
            continue
        findings.headers.append(FoundHeader(offset, header, found, _records(before, offset, found)))
    findings.notes.extend(_notes(file))
    return findings


def _notes(file: ArchiveFile) -> Iterator[FoundNotes]:
    end = -1
    for start, data in overlapping_chunks(file, bundle.MAX_BLOCK_BYTES):
        for at in places_of(bundle.MAGIC, data):
            with contextlib.suppress(FormatError):
                # What lies within one is no other; in two chunks it is the same one.
                if start + at >= end:
                    found = unpack_notes(data[at : at + bundle.MAX_BLOCK_BYTES])
                    end = start + at + found.n_bytes
                    yield FoundNotes(start + at, found.archive_id, data[at : at + found.n_bytes])


def _extend(file: ArchiveFile, before: _Extension, offset: int, block: bytes, header: ustar.Header) -> _Extension:
    if not 0 < header.size <= _MAX_PAX_BYTES or len(before.data) > _MAX_PAX_BYTES:
        return _Extension()
    data = file.read_at(offset + ustar.BLOCK, ustar.padded(header.size))
    records = pax.unpack_member(header.typeflag, data[: header.size])
    return _Extension(offset + ustar.BLOCK + len(data), before.data + block + data, {**before.records, **records})


def _records(before: _Extension, offset: int, said: Note) -> dict[bytes, bytes] | None:
    """The records for a header, if they are those it was written with."""
    data = before.data if before.end == offset else b""
    if said.pax_crc != note.pax_crc(data):
        return None
    return before.records if data else {}


def _candidates(file: ArchiveFile) -> Iterator[tuple[int, bytes]]:
    """Blocks of 512 bytes, at any byte, that bear the magic of a tar header or of an index."""
    for start, data in overlapping_chunks(file, ustar.BLOCK):
        found = [at - ustar.MAGIC_OFFSET for at in places_of(ustar.MAGIC, data)]
        found += places_of(index.HEAD_MAGIC, data)
        for at in sorted(found):
            if 0 <= at <= len(data) - ustar.BLOCK:
                yield start + at, data[at : at + ustar.BLOCK]


def places_of(magic: bytes, data: bytes) -> Iterator[int]:
    """Yield where some bytes stand in others."""
    at = data.find(magic)
    while at >= 0:
        yield at
        at = data.find(magic, at + 1)


def overlapping_chunks(file: ArchiveFile, n_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of the file in chunks, so that any ``n_bytes`` of it are together in just one of them."""
    end, kept = -1, b""
    for start, data in readable_chunks(file):
        if start != end:
            kept = b""
        end = start + len(data)
        whole = kept + data
        yield end - len(whole), whole
        kept = whole[max(0, len(whole) - n_bytes + 1) :]


def readable_chunks(file: ArchiveFile) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of the file in chunks; where one cannot be read, the sectors of it that can."""
    chunks = (
        (start, min(_CHUNK_BYTES, end - start))
        for begin, end in file.stretches
        for start in range(begin, end, _CHUNK_BYTES)
    )
    for start, count in chunks:
        try:
            yield start, file.read_at(start, count)
        except OSError:
            for sector in range(start, start + count, SECTOR):
                with contextlib.suppress(OSError):
                    yield sector, file.read_at(sector, min(SECTOR, start + count - sector))
