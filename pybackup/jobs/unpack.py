"""Expanding the containers only: the tree of ``.7z`` files, for whoever goes on with stock tools."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pybackup.compress.check import first_fault
from pybackup.container.listing import Listing
from pybackup.container.read import read_exactly
from pybackup.errors import FormatError
from pybackup.host.monitor import Monitor
from pybackup.host.storage import ArchiveFile
from pybackup.layout import names, ustar
from pybackup.layout.note import Note, Role
from pybackup.model.entry import Entry, Kind
from pybackup.model.member import Member, Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.tree.place import PlaceOptions, Target

from .inspect import open_archive

_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class Unpacked:
    """How many members were written, and their bytes."""

    members: int
    n_bytes: int


def unpack(archive: bytes, target: bytes, *, monitor: Monitor) -> Unpacked:
    """Write every member under the name it has in its container, below its directory.

    A member whose bytes are damaged is a problem and is left out.
    """
    with open_archive(archive) as opened, Target(target, PlaceOptions(), monitor) as place:
        listing = opened.listing
        files = sum(1 for stored in listing if stored.members)
        monitor.begin("unpack", files, opened.file.size)
        members = n_bytes = 0
        for stored, path, member in _members(listing):
            if _place(opened.file, place, replace(stored.entry, path=path), member, monitor):
                members, n_bytes = members + 1, n_bytes + member.packed_bytes
            monitor.advance(member is stored.members[-1], member.packed_bytes)
        _own_members(opened.file, place, listing, monitor)
        monitor.end()
        if not listing.complete:
            monitor.problem(Problem(b"", Trouble.LOST, "some entries are not even known by name"))
    return Unpacked(members, n_bytes)


def _members(listing: Listing) -> Iterator[tuple[Stored, bytes, Member]]:
    """Each member with its path, its name claimed in the same order as when it was written."""
    claimed: dict[bytes, names.Names] = {}
    places: dict[bytes, bytes] = {}
    for stored in listing:
        entry = stored.entry
        taken = claimed.setdefault(entry.parent, names.Names())
        above = places.get(entry.parent, entry.parent)
        if entry.kind is Kind.DIRECTORY:
            places[entry.path] = _join(above, taken.claim_directory(entry.name))
        elif stored.members:
            segments = len(stored.members) + stored.missing
            found = taken.claim_file(entry.name, segments=segments, sparse=stored.sparse)
            for name, member in zip(found, stored.members, strict=False):
                yield stored, _join(above, name), member


def _join(directory: bytes, name: bytes) -> bytes:
    return directory + b"/" + name if directory else name


def _place(file: ArchiveFile, place: Target, entry: Entry, member: Member, monitor: Monitor) -> bool:
    staged = place.begin_file(replace(entry, size=member.packed_bytes))
    if staged is None:
        return False
    crc = 0
    try:
        for offset in range(0, member.packed_bytes, _STEP):
            data = read_exactly(file, member.offset + offset, min(_STEP, member.packed_bytes - offset))
            crc = zlib.crc32(data, crc)
            if not staged.write_at(offset, data):
                return False
        fault = _fault(file, member, crc)
    except (FormatError, OSError) as error:
        fault = str(error)
    if fault:
        staged.discard()
        monitor.problem(Problem(entry.path, Trouble.LOST, fault))
        return False
    return staged.commit()


def _fault(file: ArchiveFile, member: Member, crc: int) -> str:
    """What is wrong with a member's bytes: by the CRC in its header, or where that is lost by decoding it."""
    try:
        said = Note.unpack(read_exactly(file, member.offset - ustar.BLOCK, ustar.BLOCK))
    except (FormatError, OSError):
        return first_fault(file, [member])
    return "" if said.data_crc == crc else "its bytes differ from its CRC"


def _own_members(file: ArchiveFile, place: Target, listing: Listing, monitor: Monitor) -> None:
    """Readme, structure and links, which stock tools need too: they follow the tree in the root container."""
    ends = [stored.members[-1] for stored in listing if stored.members]
    last = max((member.offset + ustar.padded(member.packed_bytes) for member in ends), default=0)
    for offset, header in _headers(file, 0, ustar.BLOCK), *_after(file, last):
        if header.path.startswith(names.PRIVATE):
            _place_own(file, place, offset, header, monitor)


def _after(file: ArchiveFile, start: int) -> Iterator[tuple[int, ustar.Header]]:
    """Headers of the archive's own members behind the last content."""
    at = start
    while at + ustar.BLOCK <= file.size:
        offset, header = _headers(file, at, ustar.BLOCK)
        if header.path in (names.STRUCTURE, names.LINKS):
            yield offset, header
            at += ustar.padded(header.size)
        at += ustar.BLOCK


def _headers(file: ArchiveFile, at: int, count: int) -> tuple[int, ustar.Header]:
    """The header at ``at`` if it is one of the archive's own, else an empty one."""
    try:
        block = read_exactly(file, at, count)
        if Note.unpack(block).role in (Role.OTHER, Role.LOCATOR):
            return at, ustar.Header.unpack(block)
    except (FormatError, OSError):
        pass
    return at, ustar.Header(b"")


def _place_own(file: ArchiveFile, place: Target, offset: int, header: ustar.Header, monitor: Monitor) -> None:
    entry = Entry(header.path, Kind.FILE, header.mode, mtime_ns=header.mtime * 1_000_000_000, size=header.size)
    staged = place.begin_file(entry)
    if staged is None:
        return
    start = offset + ustar.BLOCK
    try:
        for done in range(0, header.size, _STEP):
            staged.write_at(done, read_exactly(file, start + done, min(_STEP, header.size - done)))
    except (FormatError, OSError) as error:
        staged.discard()
        monitor.problem(Problem(header.path, Trouble.LOST, str(error)))
        return
    staged.commit()
