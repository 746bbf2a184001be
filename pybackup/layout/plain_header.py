"""Tar headers of entries, as any tar has them: what extends the header, then the header itself."""

from __future__ import annotations

from dataclasses import replace

from pybackup.model.entry import Entry, Kind

from . import pax, ustar
from .sparse import SparseLayout

SECOND = 1_000_000_000
TYPES = {
    Kind.FILE: ustar.FILE,
    Kind.DIRECTORY: ustar.DIRECTORY,
    Kind.SYMLINK: ustar.SYMLINK,
    Kind.HARDLINK: ustar.HARDLINK,
    Kind.FIFO: ustar.FIFO,
    Kind.CHARACTER: ustar.CHARACTER,
    Kind.BLOCK: ustar.BLOCK_DEVICE,
}
_LIMITS = {b"path": 100, b"linkpath": 100, b"uname": 32, b"gname": 32}


def text_records(entry: Entry, name: bytes, target: bytes) -> dict[bytes, bytes]:
    """Return pax records for those names of an entry, and of its owner, that its header does not hold."""
    fields = {b"path": name, b"linkpath": target, b"uname": entry.owner.user, b"gname": entry.owner.group}
    return pax.text_records(fields, _LIMITS)


def header_of(entry: Entry, name: bytes, seconds: int, mode: int, size: int) -> ustar.Header:
    """Return the header of an entry under a name, which is cut where a record has it; the type is that of a file."""
    owner = entry.owner
    return ustar.Header(
        name=name[:100],
        mode=mode,
        uid=owner.uid,
        gid=owner.gid,
        size=size,
        mtime=seconds,
        uname=owner.user,
        gname=owner.group,
    )


def skeleton_header(entry: Entry, name: bytes, seconds: int) -> ustar.Header:
    """Return the header of an entry without content."""
    return replace(
        header_of(entry, name, seconds, entry.mode, 0),
        typeflag=TYPES[entry.kind],
        linkname=entry.target[:100],
        devmajor=entry.device[0],
        devminor=entry.device[1],
    )


def plain_header(entry: Entry, sparse: SparseLayout | None = None) -> bytes:
    """Return all before the content of an entry in a tar that is none of ours.

    Parameters
    ----------
    sparse
        Where the file has data, for a header with a map of it; None for content without holes.
    """
    seconds, rest = divmod(entry.mtime_ns, SECOND)
    name = entry.path + b"/" if entry.kind is Kind.DIRECTORY else entry.path
    records = text_records(entry, name, entry.target)
    records.update(pax.xattr_records(entry.xattrs))
    if rest and seconds >= 0:  # before 1970 tars disagree on fractions
        records[b"mtime"] = b"%d.%09d" % (seconds, rest)
    body = b""
    size = entry.size if entry.kind is Kind.FILE else 0
    if sparse is not None:
        records.update(sparse.records)
        body = sparse.map
        size = len(body) + sparse.data_bytes
    header = replace(skeleton_header(entry, name, seconds), size=size)
    return pax.member(entry.path, records, max(seconds, 0)) + header.pack() + body
