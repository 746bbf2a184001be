"""Pax records (POSIX.1-2001): what a ustar header cannot hold, as a member of type ``x`` before it.

A record is ``LENGTH KEY=VALUE\\n``; LENGTH counts the whole record in decimal digits, itself included.

| key                     | value                                                    |
| ----------------------- | -------------------------------------------------------- |
| path, linkpath          | names that do not fit the header, if they are ASCII      |
| uname, gname            | the same for owners                                      |
| SCHILY.xattr.NAME       | an extended attribute, raw bytes; ``%`` and ``=`` of its |
|                         | name as ``%25`` and ``%3D``, as GNU tar has them         |
| SCHILY.acl.access       | a POSIX ACL, text with numeric ids                       |
| SCHILY.acl.default      | the default ACL of a directory                           |

A name beyond ASCII stands raw in the header where it fits, else in a GNU member of type ``L`` (path) or ``K``
(linkpath) of its own behind this one, ended by a NUL. In a record it would be converted: bsdtar fails on what is
not UTF-8, and in the C locale on all, changes the rest to Unicode's form C, and is kept from it only by
``hdrcharset``, of which GNU tar warns.
"""

from __future__ import annotations

from collections.abc import Mapping

from pybackup.errors import Damaged

from . import ustar
from .acl import ACCESS, DEFAULT, acl_from_text, acl_to_text

_XATTR = b"SCHILY.xattr."
_GNU_KEYS = {ustar.LONG_NAME: b"path", ustar.LONG_LINK: b"linkpath"}
TYPES = frozenset((ustar.PAX, *_GNU_KEYS))
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
        A length that is no number or points elsewhere, no key, or one twice.
    """
    records: dict[bytes, bytes] = {}
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + 20)
        digits = data[position:space]
        if space < 0 or not digits.isdigit() or digits.startswith(b"0"):
            raise Damaged("a pax record without its length")
        end = position + int(digits)
        if end > len(data) or end <= space + 2 or data[end - 1 : end] != b"\n":
            raise Damaged("a pax record with a wrong length")
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if not equals or not key:
            raise Damaged("a pax record without a key or a value")
        if key in records:
            raise Damaged("a pax record that comes twice")
        records[key] = value
        position = end
    return records


def member(name: bytes, records: Mapping[bytes, bytes], mtime: int) -> bytes:
    """The whole extended header: its own tar header, the records, padding. Empty for no records."""
    raw = b"".join(
        _gnu_member(typeflag, records[key])
        for typeflag, key in _GNU_KEYS.items()
        if not records.get(key, b"").isascii()
    )
    records = {key: value for key, value in records.items() if key not in _GNU_KEYS.values() or value.isascii()}
    if not records:
        return raw
    data = pack_records(records)
    short = b"PaxHeaders/" + bytes(byte if 32 < byte < 127 else 95 for byte in name.rsplit(b"/", 1)[-1][-80:])
    header = ustar.Header(name=short, mode=0o644, size=len(data), mtime=mtime, typeflag=ustar.PAX)
    return header.pack() + data + ustar.padding(len(data)) + raw


def _gnu_member(typeflag: bytes, text: bytes) -> bytes:
    header = ustar.Header(b"././@LongLink", size=len(text) + 1, typeflag=typeflag)
    return header.pack() + text + b"\0" + ustar.padding(len(text) + 1)


def unpack_member(typeflag: bytes, data: bytes) -> dict[bytes, bytes]:
    """Return the records of a member of one of `TYPES`.

    Raises
    ------
    Damaged
        As `unpack_records`; or a GNU name that does not end where its member does.
    """
    if typeflag == ustar.PAX:
        return unpack_records(data)
    if data.find(b"\0") != len(data) - 1 or data.isascii():
        raise Damaged("a long name that is none")
    return {_GNU_KEYS[typeflag]: data[:-1]}


def text_records(fields: Mapping[bytes, bytes], limits: Mapping[bytes, int]) -> dict[bytes, bytes]:
    """Records for those of ``fields`` that are too long for a header, but for owners' names that no record takes."""
    return {
        key: value
        for key, value in fields.items()
        if len(value) > limits[key] and (value.isascii() or key in _GNU_KEYS.values())
    }


def xattr_records(xattrs: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Records for extended attributes; POSIX ACLs in the text form that tars understand."""
    records: dict[bytes, bytes] = {}
    for name in sorted(xattrs):
        text = acl_to_text(xattrs[name]) if name in _ACL_KEYS else None
        if text is not None:
            records[_ACL_KEYS[name]] = text
        else:
            records[_XATTR + name.replace(b"%", b"%25").replace(b"=", b"%3D")] = xattrs[name]
    return records


def xattrs_from_records(records: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The mirror of `xattr_records`; records that are no attributes are passed over."""
    xattrs = {
        key[len(_XATTR) :].replace(b"%3D", b"=").replace(b"%25", b"%"): value
        for key, value in records.items()
        if key.startswith(_XATTR)
    }
    for name, key in _ACL_KEYS.items():
        if key in records:
            xattrs[name] = acl_from_text(records[key])
    return xattrs
