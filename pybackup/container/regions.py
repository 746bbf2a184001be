"""Which bytes of an archive the hash of each container covers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import note, ustar
from pybackup.layout.note import Note, Role
from pybackup.model.member import Container

from .read import read_exactly

if TYPE_CHECKING:
    from hashlib import _Hash


@dataclass(slots=True)
class CheckedContainer:
    """A container and what was found of it."""

    container: Container
    region: bytes = b""
    region_end: int = -1
    digest: _Hash = field(default_factory=hashlib.sha256)
    readable: bool = True

    @property
    def is_whole(self) -> bool:
        return self.readable and self.region == self.digest.digest()


Extent = tuple[int, int, CheckedContainer]
"""Bytes, from where to where, and the container whose hash covers them."""


@dataclass(frozen=True, slots=True)
class HashedMember:
    """A member whose content no container's hash covers, but one in its own header."""

    path: bytes
    start: int
    n_bytes: int
    digest: bytes


def covered(file: ArchiveFile, parts: Sequence[CheckedContainer], root_start: int) -> Iterator[Extent | HashedMember]:
    """Yield the regions of all containers without those nested in them, ascending, and members with their own hashes.

    Parameters
    ----------
    parts
        All containers, ascending.
    root_start
        Where the region of the root container begins.
    """
    stack: list[CheckedContainer] = []
    at = 0
    for part in parts:
        start = part.container.offset
        while stack and start >= stack[-1].container.offset + stack[-1].container.n_bytes:
            done = stack.pop()
            yield from _rest(file, at, done)
            at = done.container.offset + done.container.n_bytes
        if stack:
            yield from _extent(at, start, stack[-1])
        at = start if part.container.number else root_start
        stack.append(part)
    while stack:
        done = stack.pop()
        yield from _rest(file, at, done)
        at = done.container.offset + done.container.n_bytes


def _rest(file: ArchiveFile, at: int, part: CheckedContainer) -> Iterator[Extent | HashedMember]:
    """What is left of a region; in the root the archive's own members come last."""
    if part.container.number:
        yield from _extent(at, part.region_end, part)
        return
    begun = at
    while at < part.region_end:
        found = _member(file, at)
        if found is None:
            at += ustar.BLOCK
            continue
        said, header = found
        content = at + ustar.BLOCK
        at = content + ustar.padded(header.size)
        if said.role in note.HASHED:
            # Its header, which is part of the region, holds the digest of its content, which is not.
            yield from _extent(begun, content, part)
            yield HashedMember(header.path, content, header.size, said.digest)
            begun = at
    yield from _extent(begun, part.region_end, part)


def _member(file: ArchiveFile, at: int) -> tuple[Note, ustar.Header] | None:
    """The header of a file or of a member for stock tools; None where no such header is."""
    try:
        block = read_exactly(file, at, ustar.BLOCK)
        said, header = Note.unpack(block), ustar.Header.unpack(block)
    except (FormatError, OSError):
        return None
    return (said, header) if said.role in (Role.CONTENT, Role.BUNDLE) or said.role in note.HASHED else None


def _extent(start: int, stop: int, part: CheckedContainer) -> Iterator[Extent]:
    if stop > start:
        yield start, stop, part
