"""The structure: a plain tar of everything but content, for stock tar and as one more copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pybackup.errors import Damaged, FormatError
from pybackup.layout import pax, ustar
from pybackup.model.entry import Entry, Kind, Owner

from .headers import KINDS, structure_header

_SECOND = 1_000_000_000
_FULL = 100


def write_structure(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yield the bytes of a tar of ``entries``, none for no entries; files must not be among them."""
    empty = True
    for entry in entries:
        empty = False
        yield structure_header(entry)
    if not empty:
        yield ustar.END


def read_structure(data: bytes, *, damaged: bool = False) -> Iterator[Entry]:
    """Yield the entries of a structure; damaged headers are passed over.

    Only the mirror of `write_structure` is understood: members without content. No checksum covers pax
    records, so of a structure that is known to be damaged no entry is taken that has any, or may have had.
    """
    extended = False
    records: dict[bytes, bytes] = {}
    offset = 0
    while offset + ustar.BLOCK <= len(data):
        block = data[offset : offset + ustar.BLOCK]
        offset += ustar.BLOCK
        try:
            header = ustar.Header.unpack(block)
            if header.typeflag in pax.TYPES:
                extended = True
                records |= pax.unpack_member(header.typeflag, data[offset : offset + header.size])
                offset += ustar.padded(header.size)
                continue
            doubtful = damaged and (extended or max(len(header.name), len(header.linkname)) >= _FULL)
            if header.typeflag in KINDS and KINDS[header.typeflag] is not Kind.FILE and not doubtful:
                yield _entry(header, records)
            extended = False
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
    if not whole.removeprefix(b"-").isdigit() or len(whole) > 20 or (fraction and not fraction.isdigit()):
        raise Damaged("a time that is no number")
    rest = int((fraction + b"000000000")[:9])
    return int(whole) * _SECOND + (-rest if whole.startswith(b"-") else rest)
