"""Tar headers of our members: entry and note in, whole header blocks out."""

from __future__ import annotations

from dataclasses import replace

from pybackup.layout import names, note, pax, ustar
from pybackup.layout.note import Note
from pybackup.layout.stamp import Stamp, stamp
from pybackup.model.entry import Entry, Kind

_LIMITS = {b"path": 100, b"linkpath": 100, b"uname": 32, b"gname": 32}
_TYPES = {
    Kind.FILE: ustar.FILE,
    Kind.DIRECTORY: ustar.DIRECTORY,
    Kind.SYMLINK: ustar.SYMLINK,
    Kind.HARDLINK: ustar.HARDLINK,
    Kind.FIFO: ustar.FIFO,
    Kind.CHARACTER: ustar.CHARACTER,
    Kind.BLOCK: ustar.BLOCK_DEVICE,
}
KINDS = {typeflag: kind for kind, typeflag in _TYPES.items()}
_SECOND = 1_000_000_000


def member_header(
    entry: Entry, name: bytes, size: int, role: Note, *, mode: int, true_name: bytes = b"", xattrs: bool = True
) -> bytes:
    """Return the header blocks of a member with a note: a pax member where one is needed, then 512 bytes.

    Parameters
    ----------
    name
        The member's name in its container.
    true_name
        The entry's own name, where the member's does not tell it.
    """
    seconds, rest = divmod(entry.mtime_ns, _SECOND)
    records = _text_records(entry, name, b"")
    if true_name:
        records[b"comment"] = names.TRUE_NAME + true_name
    if xattrs:
        records.update(pax.xattr_records(entry.xattrs))
    header = _header(entry, name, seconds, mode, size)
    extended = pax.member(name, records, max(seconds, 0))
    # Without its CRC nobody could tell that the pax member is lost or wrong, and half a name with it.
    role = replace(role, mtime_ns=rest, pax_crc=note.pax_crc(extended))
    return extended + note.seal(replace(header, linkname=role.pack()).pack())


def structure_header(entry: Entry) -> bytes:
    """Return the header blocks of an entry without content, as plain tar has them."""
    seconds, rest = divmod(entry.mtime_ns, _SECOND)
    name = entry.path + b"/" if entry.kind is Kind.DIRECTORY else entry.path
    records = _text_records(entry, name, entry.target)
    records.update(pax.xattr_records(entry.xattrs))
    if records and rest and seconds >= 0:
        # Free here, since the pax member is paid for already. Not before 1970: tars disagree on such fractions.
        records[b"mtime"] = b"%d.%09d" % (seconds, rest)
    header = replace(
        _header(entry, name, seconds, entry.mode, 0),
        typeflag=_TYPES[entry.kind],
        linkname=entry.target[:100],
        devmajor=entry.device[0],
        devminor=entry.device[1],
    )
    extended = pax.member(entry.path, records, max(seconds, 0))
    return extended + stamp(header.pack(), Stamp(rest, note.pax_crc(extended)))


def _text_records(entry: Entry, name: bytes, target: bytes) -> dict[bytes, bytes]:
    fields = {b"path": name, b"linkpath": target, b"uname": entry.owner.user, b"gname": entry.owner.group}
    return pax.text_records(fields, _LIMITS)


def _header(entry: Entry, name: bytes, seconds: int, mode: int, size: int) -> ustar.Header:
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
