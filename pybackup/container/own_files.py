"""The archive's own members for stock tools: readme, structure and links, found by their headers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import ustar
from pybackup.layout.note import Note, Role
from pybackup.model.listing import Listing

from .read import read_exactly


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A member for stock tools.

    Attributes
    ----------
    mtime
        In seconds since the epoch.
    offset, n_bytes
        Where its content lies in the archive.
    digest
        SHA-256 of the content; empty where only ``crc``, its CRC-32, is known.
    """

    path: bytes
    mode: int
    mtime: int
    offset: int
    n_bytes: int
    crc: int
    digest: bytes


def own_files(file: ArchiveFile, listing: Listing) -> Iterator[OwnFile]:
    """Yield those whose headers are whole: the first member, and what follows the tree in the root container."""
    ends = (stored.members[-1] for stored in listing if stored.members)
    last = max((ustar.padded(member.offset + member.packed_bytes) for member in ends), default=0)
    yield from chain(_at(file, 0), _behind(file, last))


def _behind(file: ArchiveFile, start: int) -> Iterator[OwnFile]:
    at = start
    while at + ustar.BLOCK <= file.size:
        for found in _at(file, at):
            yield found
            at += ustar.padded(found.n_bytes)
        at += ustar.BLOCK


def _at(file: ArchiveFile, at: int) -> Iterator[OwnFile]:
    """The member whose header is at ``at``, if that is one of these."""
    try:
        block = read_exactly(file, at, ustar.BLOCK)
        said = Note.unpack(block)
        if said.role in (Role.OTHER, Role.LOCATOR):
            header = ustar.Header.unpack(block)
            digest = said.digest if said.role is Role.OTHER else b""
            yield OwnFile(header.path, header.mode, header.mtime, at + ustar.BLOCK, header.size, said.data_crc, digest)
    except (FormatError, OSError):
        return
