"""The name of a member in its container, read from its header."""

from __future__ import annotations

from dataclasses import dataclass

from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile
from pybackup.layout import note, pax, ustar
from pybackup.layout.note import Note

from .read import read_exactly

_MAX_EXTENSION_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class MemberHeader:
    """The header of a member: its name in the container, its note, and its length with what extends it."""

    name: bytes
    note: Note
    n_bytes: int


def header_of(file: ArchiveFile, offset: int) -> MemberHeader:
    """Return the header of the member whose content starts at ``offset``; it may be a container.

    Raises
    ------
    Damaged, OSError
        Its header cannot be read.
    """
    block = read_exactly(file, offset - ustar.BLOCK, ustar.BLOCK)
    said, header = Note.unpack(block), ustar.Header.unpack(block)
    if said.pax_crc == note.NO_PAX:
        return MemberHeader(header.path, said, ustar.BLOCK)
    extension = _extension(file, offset - ustar.BLOCK, said.pax_crc)
    return MemberHeader(_records(extension).get(b"path", header.path), said, len(extension) + ustar.BLOCK)


def _extension(file: ArchiveFile, end: int, crc: bytes) -> bytes:
    """The members that extend the header at ``end``: where they start, their CRC tells."""
    blocks: list[bytes] = []
    for at in range(end - ustar.BLOCK, max(-1, end - _MAX_EXTENSION_BYTES), -ustar.BLOCK):
        block = read_exactly(file, at, ustar.BLOCK)
        blocks.append(block)
        if block[ustar.TYPE_OFFSET : ustar.TYPE_OFFSET + 1] in pax.TYPES:
            data = b"".join(reversed(blocks))
            if note.pax_crc(data) == crc:
                return data
    raise Damaged("what extends a header is lost")


def _records(data: bytes) -> dict[bytes, bytes]:
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        header = ustar.Header.unpack(data[at : at + ustar.BLOCK])
        at += ustar.BLOCK
        records.update(pax.unpack_member(header.typeflag, data[at : at + header.size]))
        at += ustar.padded(header.size)
    return records
