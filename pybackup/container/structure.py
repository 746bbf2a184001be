"""The structure: a plain tar of everything but content, for stock tar and as one more copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pybackup.errors import FormatError
from pybackup.layout import pax, ustar
from pybackup.model.entry import Entry, Kind, Owner

from .headers import KINDS, structure_header

_SECOND = 1_000_000_000


def write_structure(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yield the bytes of a tar of ``entries``, none for no entries; files must not be among them."""
    empty = True
    for entry in entries:
        empty = False
        yield structure_header(entry)
    if not empty:
        yield ustar.END


def read_structure(data: bytes) -> Iterator[Entry]:
    """Yield the entries of a structure; damaged headers are passed over.

    Only the mirror of `write_structure` is understood: members without content.
    """
    records: dict[bytes, bytes] = {}
    offset = 0
    while offset + ustar.BLOCK <= len(data):
        block = data[offset : offset + ustar.BLOCK]
        offset += ustar.BLOCK
        try:
            header = ustar.Header.unpack(block)
            if header.typeflag == ustar.PAX:
                records = pax.unpack_records(data[offset : offset + header.size])
                offset += ustar.padded(header.size)
                continue
            if header.typeflag in KINDS and KINDS[header.typeflag] is not Kind.FILE:
                yield _entry(header, records)
        except FormatError:
            pass
        records = {}


def _entry(header: ustar.Header, records: dict[bytes, bytes]) -> Entry:
    return Entry(
        records.get(b"path", header.path).rstrip(b"/"),
        KINDS[header.typeflag],
        header.mode & 0o7777,
        Owner(
            max(header.uid, 0),
            max(header.gid, 0),
            records.get(b"uname", header.uname),
            records.get(b"gname", header.gname),
        ),
        _time(records.get(b"mtime"), header.mtime),
        0,
        records.get(b"linkpath", header.linkname),
        (header.devmajor, header.devminor),
        pax.xattrs_from_records(records),
    )


def _time(record: bytes | None, seconds: int) -> int:
    if record is None:
        return seconds * _SECOND
    whole, _, fraction = record.partition(b".")
    rest = int((fraction + b"000000000")[:9])
    return int(whole) * _SECOND + (-rest if whole.startswith(b"-") else rest)
