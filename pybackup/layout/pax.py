"""Pax records (POSIX.1-2001): what a ustar header cannot hold, as a member of type ``x`` before it.

A record is ``LENGTH KEY=VALUE\\n``; LENGTH counts the whole record in decimal digits, itself included.

| key                     | value                                                    |
| ----------------------- | -------------------------------------------------------- |
| path, linkpath          | names too long, or not ASCII                             |
| uname, gname            | the same for owners                                      |
| hdrcharset              | ``BINARY`` where a name is not UTF-8                     |
| SCHILY.xattr.NAME       | an extended attribute, raw bytes                         |
| SCHILY.acl.access       | a POSIX ACL, text with numeric ids                       |
| SCHILY.acl.default      | the default ACL of a directory                           |
"""

from __future__ import annotations

from collections.abc import Mapping

from pybackup.errors import Damaged

from . import ustar
from .acl import ACCESS, DEFAULT, acl_from_text, acl_to_text

_XATTR = b"SCHILY.xattr."
_ACL_KEYS = {ACCESS: b"SCHILY.acl.access", DEFAULT: b"SCHILY.acl.default"}


def pack_records(records: Mapping[bytes, bytes]) -> bytes:
    """Return the records, in the mapping's order."""
    return b"".join(_record(key, value) for key, value in records.items())


def _record(key: bytes, value: bytes) -> bytes:
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) > len(str(rest)):
        length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def unpack_records(data: bytes) -> dict[bytes, bytes]:
    """Return the records of a pax member.

    Raises
    ------
    Damaged
        A length that is no number or points elsewhere.
    """
    records: dict[bytes, bytes] = {}
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + 20)
        digits = data[position:space]
        if space < 0 or not digits.isdigit():
            raise Damaged("a pax record without its length")
        end = position + int(digits)
        if end > len(data) or end <= space + 2 or data[end - 1 : end] != b"\n":
            raise Damaged("a pax record with a wrong length")
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if not equals:
            raise Damaged("a pax record without a value")
        records[key] = value
        position = end
    return records


def member(name: bytes, records: Mapping[bytes, bytes], mtime: int) -> bytes:
    """The whole extended header: its own tar header, the records, padding. Empty for no records."""
    if not records:
        return b""
    data = pack_records(records)
    short = b"PaxHeaders/" + bytes(byte if 32 < byte < 127 else 95 for byte in name.rsplit(b"/", 1)[-1][-80:])
    header = ustar.Header(name=short, mode=0o644, size=len(data), mtime=mtime, typeflag=ustar.PAX)
    return header.pack() + data + ustar.padding(len(data))


def text_records(fields: Mapping[bytes, bytes], limits: Mapping[bytes, int]) -> dict[bytes, bytes]:
    """Records for those of ``fields`` that a header cannot hold: longer than their limit, or not ASCII."""
    chosen = {key: value for key, value in fields.items() if len(value) > limits[key] or not value.isascii()}
    if any(not _is_utf8(value) for value in chosen.values()):
        return {b"hdrcharset": b"BINARY", **chosen}
    return chosen


def xattr_records(xattrs: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Records for extended attributes; POSIX ACLs in the text form that tars understand."""
    records: dict[bytes, bytes] = {}
    for name in sorted(xattrs):
        text = acl_to_text(xattrs[name]) if name in _ACL_KEYS else None
        if text is not None:
            records[_ACL_KEYS[name]] = text
        else:
            records[_XATTR + name] = xattrs[name]
    return records


def xattrs_from_records(records: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The mirror of `xattr_records`; records that are no attributes are passed over."""
    xattrs = {key[len(_XATTR) :]: value for key, value in records.items() if key.startswith(_XATTR)}
    for name, key in _ACL_KEYS.items():
        if key in records:
            xattrs[name] = acl_from_text(records[key])
    return xattrs


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
