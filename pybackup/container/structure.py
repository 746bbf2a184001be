"""The structure: a plain tar of everything but content, for stock tar and as one more copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pybackup.errors import Damaged, FormatError
from pybackup.layout import pax, ustar
from pybackup.layout.note import pax_crc
from pybackup.layout.stamp import Stamp, has_stamp
from pybackup.model.entry import Entry, Kind, Owner

from .headers import KINDS, structure_header

_SECOND = 1_000_000_000
# As `scan` has it: a hostile header may ask for so many bytes at every block.
_MAX_PAX_BYTES = 1 << 20


def write_structure(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yield the bytes of a tar of ``entries``, none for no entries; files must not be among them."""
    empty = True
    for entry in entries:
        empty = False
        yield structure_header(entry)
    if not empty:
        yield ustar.END


def read_structure(
    data: bytes, *, strict: bool = False, on_damage: Callable[[int], None] | None = None
) -> Iterator[Entry]:
    """Yield the entries of a structure; damaged headers are passed over.

    Only the mirror of `write_structure` is understood: members without content.

    Parameters
    ----------
    strict
        Take only entries with a stamp, which vouches for all of them; else those of plain tars too.
    on_damage
        Called with the offset of each block that should be a header and is none, and with that of an end that is
        missing.
    """
    report = on_damage or _ignore
    records: dict[bytes, bytes] = {}
    offset = begun = 0
    while offset + ustar.BLOCK <= len(data):
        block = data[offset : offset + ustar.BLOCK]
        start, offset = offset, offset + ustar.BLOCK
        try:
            header = ustar.Header.unpack(block)
            if header.typeflag in pax.TYPES:
                if header.size > _MAX_PAX_BYTES:
                    raise Damaged("an extension longer than any")
                records |= pax.unpack_member(header.typeflag, data[offset : offset + header.size])
                offset += ustar.padded(header.size)
                continue
            found = _stamp(block, data[begun:start], strict=strict)
            if header.typeflag in KINDS and KINDS[header.typeflag] is not Kind.FILE:
                yield _entry(header, records, found.mtime_ns)
            else:
                offset += ustar.padded(header.size)
        except FormatError:
            if any(block):
                report(start)
        begun, records = offset, {}
    if data[-len(ustar.END) :] != ustar.END:
        report(len(data))


def _ignore(offset: int) -> None:
    """For readers that have other ways to tell what is lost."""


def _stamp(block: bytes, extended: bytes, *, strict: bool) -> Stamp:
    """The stamp of a header, if it is right.

    Raises
    ------
    Damaged
        It is wrong, or there is none and there should be.
    """
    if not strict and not has_stamp(block):
        return Stamp(pax_crc=pax_crc(extended))
    found = Stamp.unpack(block)
    if found.pax_crc != pax_crc(extended):
        raise Damaged("other pax records than those a header was written with")
    return found


def _entry(header: ustar.Header, records: dict[bytes, bytes], rest_ns: int) -> Entry:
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
        _time(records.get(b"mtime"), header.mtime * _SECOND + rest_ns),
        0,
        records.get(b"linkpath", header.linkname),
        (header.devmajor, header.devminor),
        pax.xattrs_from_records(records),
    )


def _time(record: bytes | None, header_ns: int) -> int:
    if record is None:
        return header_ns
    whole, _, fraction = record.partition(b".")
    if not whole.removeprefix(b"-").isdigit() or len(whole) > 20 or (fraction and not fraction.isdigit()):
        raise Damaged("a time that is no number")
    rest = int((fraction + b"000000000")[:9])
    return int(whole) * _SECOND + (-rest if whole.startswith(b"-") else rest)
