"""Unpacking only the containers of an archive: the tree of ``.7z`` files, for use with stock tools."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Self

from pybackup.archive.open import OpenArchive, open_archive
from pybackup.compress.check import first_fault
from pybackup.compress.sevenzip import wrap
from pybackup.compress.unpack import decode
from pybackup.container.own_files import OwnFile, own_files
from pybackup.container.read import read_exactly, segment_numbers, stated_crc
from pybackup.container.recover import join
from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import names
from pybackup.layout.sevenzip import STREAM_OFFSET, StartHeader
from pybackup.model.entry import Entry, Kind
from pybackup.model.listing import Listing
from pybackup.model.member import Member, Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor
from pybackup.tree.place import PlaceOptions, Target

_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class Unpacked:
    """How many members are in place, written now or already there with the same bytes, and their bytes."""

    members: int
    n_bytes: int


def unpack(archive: bytes, target: bytes, *, monitor: Monitor) -> Unpacked:
    """Write every member under the name it has in its container, below its directory.

    A damaged member is a problem, and is left out. One that is there already with the same bytes is not written again.
    """
    with open_archive(archive) as opened, Target(target, PlaceOptions(), monitor) as place:
        listing = opened.listing
        files = sum(1 for stored in listing if stored.members)
        monitor.begin("unpack", files, opened.file.size)
        members = n_bytes = 0
        for stored, path, member in _members(opened.file, listing):
            if _place(opened.file, place, replace(stored.entry, path=path), member, monitor):
                members, n_bytes = members + 1, n_bytes + member.packed_bytes
            monitor.advance(member is stored.members[-1], member.packed_bytes)
        _own_of(opened, place, monitor)
        monitor.end()
        for stored in listing:
            if stored.missing:
                monitor.problem(Problem(stored.entry.path, Trouble.LOST, stored.fault))
        for doubt in listing.doubts:
            monitor.problem(doubt)
        if not listing.complete:
            monitor.problem(Problem(b"", Trouble.LOST, "some entries are not even known by name"))
    return Unpacked(members, n_bytes)


def _members(file: ArchiveFile, listing: Listing) -> Iterator[tuple[Stored, bytes, Member]]:
    """Yield each member with its path; names are given in the same order as when the archive was written."""
    claimed = _Claimed()
    for stored in map(_whole_one(file), listing):
        if stored.members:
            place, taken = claimed.directory(stored.entry.parent)
            segments = len(stored.members) + stored.missing
            # Of those that are missing a damaged or hostile header may tell any number.
            present = list(stored.numbers)
            if stored.missing and not present:
                present = segment_numbers(file, stored.members)
            found = taken.claim_file(
                stored.entry.name,
                segments=segments,
                sparse=stored.sparse,
                present=present or None,
                has_base=bool(stored.base_digest),
            )
            for name, member in zip(found, stored.members, strict=True):
                if stored.base_digest:
                    name = names.name_on_base(name, is_delta=member.is_delta)
                yield stored, join(place, name), member


def _whole_one(file: ArchiveFile) -> Callable[[Stored], Stored]:
    """Return a function that, for an entry on several volumes, picks the volume on which its content is intact."""

    def choose(stored: Stored) -> Stored:
        if not stored.spares:
            return stored
        return next((place for place in stored.places if not first_fault(file, place.members)), stored)

    return choose


class _Claimed:
    """The names of containers in each other, given in the same order as the writer does: by the first content below."""

    def __init__(self) -> None:
        self._open = {b"": (b"", names.Names())}

    def directory(self, path: bytes) -> tuple[bytes, names.Names]:
        """Return the path to which a directory's container is unpacked, and the names taken in it."""
        below = []
        while path not in self._open:
            path, _, name = path.rpartition(b"/")
            below.append(name)
        for name in reversed(below):
            place, taken = self._open[path]
            path = join(path, name)
            self._open[path] = (join(place, taken.claim_directory(name)), names.Names())
        return self._open[path]


def _place(file: ArchiveFile, place: Target, entry: Entry, member: Member, monitor: Monitor) -> bool:
    if member.bundled:
        return _place_bundled(file, place, entry, member, monitor)
    entry = replace(entry, size=member.packed_bytes)
    pieces = _pieces(file, member.offset, entry.size)
    return _copy(pieces, place, entry, lambda crc: _fault(file, member, crc), monitor)


def _place_bundled(file: ArchiveFile, place: Target, entry: Entry, member: Member, monitor: Monitor) -> bool:
    """Write a file of a bundle as a ``.7z`` of its own."""
    try:
        content = b"".join(decode(file, member))
        stream = read_exactly(file, member.stream_offset, member.stream_bytes)
    except (FormatError, OSError) as error:
        monitor.problem(Problem(entry.path, Trouble.LOST, str(error)))
        return False
    name = entry.name.removesuffix(b".7z")
    alone = wrap(
        stream,
        content,
        name=name,
        mode=entry.mode,
        mtime_ns=entry.mtime_ns,
        method=member.method,
        dictionary=member.dictionary_bytes,
    )
    return _copy([alone], place, replace(entry, size=len(alone)), lambda crc: "", monitor)


def _copy(
    pieces: Iterable[bytes], place: Target, entry: Entry, fault_in: Callable[[int], str], monitor: Monitor
) -> bool:
    """Write bytes of the archive, as many as the entry has, under its name; return whether they are there now.

    ``fault_in`` is called with their CRC-32, and returns what is wrong with them; empty if nothing.
    """
    staged = _Standing.of(place, entry) or place.begin_file(entry)
    if staged is None:
        return False
    crc = at = 0
    try:
        for data in pieces:
            crc = zlib.crc32(data, crc)
            if not staged.write_at(at, data):
                return False
            at += len(data)
        fault = fault_in(crc)
    except FormatError as error:
        fault = str(error)
    except OSError as error:
        fault = error.strerror or str(error)
    if fault:
        staged.discard()
        monitor.problem(Problem(entry.path, Trouble.LOST, fault))
        return False
    return staged.commit()


def _pieces(file: ArchiveFile, offset: int, n_bytes: int) -> Iterator[bytes]:
    for at in range(0, n_bytes, _STEP):
        yield read_exactly(file, offset + at, min(_STEP, n_bytes - at))


class _Standing:
    """A file that exists where a member belongs, used like a staged file: it is compared instead of written."""

    def __init__(self, place: Target, entry: Entry, fd: int) -> None:
        self._place, self._entry, self._fd = place, entry, fd

    @classmethod
    def of(cls, place: Target, entry: Entry) -> Self | None:
        """Return the file in the place of the entry if it has the entry's size; else None."""
        fd = place.open_standing(entry)
        return None if fd is None else cls(place, entry, fd)

    def write_at(self, offset: int, data: bytes) -> bool:
        """Compare bytes; if they differ, report that the path exists, and return False."""
        with suppress(OSError):
            if os.pread(self._fd, len(data), offset) == data:
                return True
        self.discard()
        if staged := self._place.begin_file(self._entry):
            # The file has vanished meanwhile.
            staged.discard()
        return False

    def commit(self) -> bool:
        """Return True, as the file is in place."""
        self.discard()
        return True

    def discard(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _fault(file: ArchiveFile, member: Member, crc: int) -> str:
    """Return what is wrong with a member's bytes: by the CRC in its header, or if that is lost by its own checksums."""
    said = stated_crc(file, member)
    if said is None:
        return first_fault(file, [member]) or _frame_fault(file, member)
    return "" if said == crc else "its bytes differ from its CRC"


def _frame_fault(file: ArchiveFile, member: Member) -> str:
    """Return what is wrong with a member before and after its stream: by the CRCs that a 7z has of both."""
    start = read_exactly(file, member.offset, STREAM_OFFSET)
    tail_at = STREAM_OFFSET + member.stream_bytes
    tail = read_exactly(file, member.offset + tail_at, member.packed_bytes - tail_at)
    head = StartHeader(member.stream_bytes, len(tail), zlib.crc32(tail)).pack()
    return "" if start == head else "its 7z headers differ from their CRC"


def _own_of(opened: OpenArchive, place: Target, monitor: Monitor) -> None:
    """Write the archive's own members; of a set, where each volume has them, those of the first volume found."""
    wanted = _wanted(opened.listing)
    if opened.volume_set is None:
        _own_members(opened.file, place, opened.listing, wanted, monitor)
        return
    volumes = opened.volume_set.data or opened.volume_set.recovery
    first = volumes[min(volumes)]
    with first.open() as file:
        _own_members(file, place, first.listing, wanted, monitor)


def _own_members(file: ArchiveFile, place: Target, listing: Listing, wanted: set[bytes], monitor: Monitor) -> None:
    """Write readme, structure and links, which follow the tree in the root container, and stock tools need too."""
    for member in own_files(file, listing):
        if member.path in wanted:
            wanted.remove(member.path)
            _place_own(file, place, member, monitor)
    for name in sorted(wanted):
        monitor.problem(Problem(name, Trouble.LOST, "its header is lost"))


def _wanted(listing: Listing) -> set[bytes]:
    kinds = {stored.entry.kind for stored in listing}
    wanted = {names.README}
    if Kind.HARDLINK in kinds:
        wanted.add(names.LINKS)
    if kinds - {Kind.FILE, Kind.HARDLINK}:
        wanted.add(names.STRUCTURE)
    return wanted


def _place_own(file: ArchiveFile, place: Target, member: OwnFile, monitor: Monitor) -> None:
    entry = Entry(member.path, Kind.FILE, member.mode, mtime_ns=member.mtime * 1_000_000_000, size=member.n_bytes)

    def fault_in(crc: int) -> str:
        digest = hashlib.sha256()
        for data in _pieces(file, member.offset, member.n_bytes):
            digest.update(data)
        is_right = crc == member.crc and member.digest in (b"", digest.digest())
        return "" if is_right else "its bytes differ from its hash"

    _copy(_pieces(file, member.offset, entry.size), place, entry, fault_in, monitor)
