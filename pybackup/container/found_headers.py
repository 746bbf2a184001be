"""What headers that a scan found tell of entries and members, where no index does."""

from __future__ import annotations

from pybackup.errors import FormatError
from pybackup.layout import names, note, pax, ustar
from pybackup.model.entry import Entry, Kind, Owner
from pybackup.model.member import Member, Method, Stored

from .scan import FoundHeader


def true_name(found: FoundHeader, suffix: bytes) -> bytes:
    records = found.records or {}
    comment = records.get(b"comment", b"")
    if comment.startswith(names.TRUE_NAME):
        return comment[len(names.TRUE_NAME) :]
    name = records.get(b"path", found.header.path)
    return name.removesuffix(suffix)


def file_name(found: FoundHeader) -> bytes:
    suffix = b".7z"
    if found.note.segments > 1:
        suffix = b".part%04d.7z" % (found.note.segment + 1)
    if found.note.flags & note.SPARSE:
        suffix = b".sparse" + suffix
    if found.note.flags & note.BASED:
        suffix = (b".delta" if found.note.flags & note.DELTA else b".changed") + suffix
    return true_name(found, suffix)


def file_of(path: bytes, segments: dict[int, FoundHeader]) -> Stored:
    first = segments[min(segments)]
    total = first.note.segments
    members = tuple(_member(segments[number]) for number in sorted(segments) if number < total)
    entry = entry_of(first, path, Kind.FILE)
    flags = 0
    for found in segments.values():
        flags |= found.note.flags
    return Stored(
        entry,
        members,
        members[0].digest if total == 1 and members else b"",
        bool(flags & note.SPARSE),
        bool(flags & note.CHANGED),
        0 if total == len(members) else total,
    )


def _member(found: FoundHeader) -> Member:
    said = found.note
    return Member(
        found.offset + ustar.BLOCK,
        found.header.size,
        said.stream_bytes,
        said.raw_bytes,
        Method(said.method),
        1 << said.dictionary if said.dictionary else 0,
        said.digest,
        is_delta=said.flags & note.DELTA != 0,
    )


def entry_of(found: FoundHeader, path: bytes, kind: Kind) -> Entry:
    header, records = found.header, found.records or {}
    try:
        xattrs = pax.xattrs_from_records(records)
    except FormatError:
        xattrs = {}
    size = found.note.file_bytes if kind is Kind.FILE else 0
    mtime_ns = header.mtime * 1_000_000_000 + found.note.mtime_ns
    return Entry(path, kind, header.mode & 0o7777, owner_of(found), mtime_ns, size, xattrs=xattrs)


def owner_of(found: FoundHeader) -> Owner:
    header, records = found.header, found.records or {}
    user, group = records.get(b"uname", header.uname), records.get(b"gname", header.gname)
    return Owner(max(header.uid, 0), max(header.gid, 0), user, group)
