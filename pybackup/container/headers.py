"""Tar headers of our members: entry and note in, whole header blocks out."""

from __future__ import annotations

from dataclasses import replace

from pybackup.layout import names, note, pax
from pybackup.layout.note import Note
from pybackup.layout.plain_header import SECOND, TYPES, header_of, skeleton_header, text_records
from pybackup.layout.stamp import Stamp, stamp
from pybackup.model.entry import Entry, Kind

KINDS = {typeflag: kind for kind, typeflag in TYPES.items()}


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
    seconds, rest = divmod(entry.mtime_ns, SECOND)
    records = text_records(entry, name, b"")
    if true_name:
        records[b"comment"] = names.TRUE_NAME + true_name
    if xattrs:
        records.update(pax.xattr_records(entry.xattrs))
    header = header_of(entry, name, seconds, mode, size)
    extended = pax.member(name, records, max(seconds, 0))
    # Without its CRC nobody could tell that the pax member is lost or wrong, and half a name with it.
    role = replace(role, mtime_ns=rest, pax_crc=note.pax_crc(extended))
    return extended + note.seal(replace(header, linkname=role.pack()).pack())


def structure_header(entry: Entry) -> bytes:
    """Return the header blocks of an entry without content, as plain tar has them."""
    seconds, rest = divmod(entry.mtime_ns, SECOND)
    name = entry.path + b"/" if entry.kind is Kind.DIRECTORY else entry.path
    records = text_records(entry, name, entry.target)
    records.update(pax.xattr_records(entry.xattrs))
    if records and rest and seconds >= 0:
        # Free here, since the pax member is paid for already. Not before 1970: tars disagree on such fractions.
        records[b"mtime"] = b"%d.%09d" % (seconds, rest)
    header = skeleton_header(entry, name, seconds)
    extended = pax.member(entry.path, records, max(seconds, 0))
    return extended + stamp(header.pack(), Stamp(rest, note.pax_crc(extended)))
