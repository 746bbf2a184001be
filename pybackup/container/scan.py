"""Scanning an archive for the structures that describe themselves, with no index at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import index, note, pax, ustar
from pybackup.layout.note import Note
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


def scan(file: ArchiveFile) -> Findings:
    """Read the whole archive once and return the headers and index heads in it.

    All our structures lie on multiples of 512 bytes; content never looks like one, since every
    packed stream starts 32 bytes behind such a multiple.
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
    return findings


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
    """Blocks of 512 bytes that bear the magic of a tar header or of an index."""
    ustar_magic = np.frombuffer(ustar.MAGIC, dtype=np.uint8)
    index_magic = np.frombuffer(index.HEAD_MAGIC, dtype=np.uint8)
    at = ustar.MAGIC_OFFSET
    for start, data in readable_chunks(file):
        whole = len(data) - len(data) % ustar.BLOCK
        blocks = np.frombuffer(data, dtype=np.uint8, count=whole).reshape(-1, ustar.BLOCK)
        # One byte first: comparing all six of every block reads twice the memory.
        tars = np.flatnonzero(blocks[:, at] == ustar_magic[0])
        tars = tars[(blocks[tars, at : at + 6] == ustar_magic).all(axis=1)]
        heads = np.flatnonzero(blocks[:, 0] == index_magic[0])
        heads = heads[(blocks[heads, :8] == index_magic).all(axis=1)]
        for number in np.union1d(tars, heads).tolist():
            yield start + number * ustar.BLOCK, data[number * ustar.BLOCK : (number + 1) * ustar.BLOCK]


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
