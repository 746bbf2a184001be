"""Scanning an archive for the structures that describe themselves, with no index at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import index, pax, ustar
from pybackup.layout.note import Note

_CHUNK_BYTES = 8 << 20
_MAX_PAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FoundHeader:
    """A tar header with a note: where it lies, what it says, and the pax records before it."""

    offset: int
    header: ustar.Header
    note: Note
    records: dict[bytes, bytes]


@dataclass(slots=True)
class Findings:
    """All that a scan found, in order of offsets."""

    headers: list[FoundHeader] = field(default_factory=list)
    indexes: list[tuple[int, index.Head]] = field(default_factory=list)
    unreadable_bytes: int = 0


def scan(file: ArchiveFile) -> Findings:
    """Read the whole archive once and return the headers and index heads in it.

    All our structures lie on multiples of 512 bytes; content never looks like one, since every
    packed stream starts 32 bytes behind such a multiple.
    """
    findings = Findings()
    pax_end = -1
    records: dict[bytes, bytes] = {}
    for offset, block in _candidates(file, findings):
        if block[:8] == index.HEAD_MAGIC:
            try:
                findings.indexes.append((offset, index.Head.unpack(block[: index.HEAD.size])))
            except FormatError:
                continue
            continue
        try:
            header = ustar.Header.unpack(block)
            if header.typeflag == ustar.PAX:
                pax_end, records = _pax(file, offset, header)
                continue
            found = Note.unpack(block)
        except (FormatError, OSError):
            continue
        findings.headers.append(FoundHeader(offset, header, found, records if pax_end == offset else {}))
    return findings


def _pax(file: ArchiveFile, offset: int, header: ustar.Header) -> tuple[int, dict[bytes, bytes]]:
    if not 0 < header.size <= _MAX_PAX_BYTES:
        return -1, {}
    records = pax.unpack_records(file.read_at(offset + ustar.BLOCK, header.size))
    return offset + ustar.BLOCK + ustar.padded(header.size), records


def _candidates(file: ArchiveFile, findings: Findings) -> Iterator[tuple[int, bytes]]:
    """Blocks of 512 bytes that bear the magic of a tar header or of an index."""
    ustar_magic = np.frombuffer(ustar.MAGIC, dtype=np.uint8)
    index_magic = np.frombuffer(index.HEAD_MAGIC, dtype=np.uint8)
    at = ustar.MAGIC_OFFSET
    for start, data in _chunks(file, findings):
        whole = len(data) - len(data) % ustar.BLOCK
        blocks = np.frombuffer(data, dtype=np.uint8, count=whole).reshape(-1, ustar.BLOCK)
        # One byte first: comparing all six of every block reads twice the memory.
        tars = np.flatnonzero(blocks[:, at] == ustar_magic[0])
        tars = tars[(blocks[tars, at : at + 6] == ustar_magic).all(axis=1)]
        heads = np.flatnonzero(blocks[:, 0] == index_magic[0])
        heads = heads[(blocks[heads, :8] == index_magic).all(axis=1)]
        for number in np.union1d(tars, heads).tolist():
            yield start + number * ustar.BLOCK, data[number * ustar.BLOCK : (number + 1) * ustar.BLOCK]


def _chunks(file: ArchiveFile, findings: Findings) -> Iterator[tuple[int, bytes]]:
    """The file in chunks; where a chunk cannot be read, the sectors of it that can."""
    for start in range(0, file.size, _CHUNK_BYTES):
        count = min(_CHUNK_BYTES, file.size - start)
        try:
            yield start, file.read_at(start, count)
        except OSError:
            for sector in range(start, start + count, 2048):
                try:
                    yield sector, file.read_at(sector, min(2048, start + count - sector))
                except OSError:
                    findings.unreadable_bytes += 2048
