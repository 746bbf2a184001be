"""POSIX ACLs: between the kernel's binary attribute and the text that tar keeps.

The attribute (linux/posix_acl_xattr.h), little-endian:

| offset | size | type | field   | meaning                                       |
| ------ | ---- | ---- | ------- | --------------------------------------------- |
| 0      | 4    | u32  | version | 2                                             |
| 4      | 2    | u16  | tag     | of an entry, see ``_TAGS``; entries follow on |
| 6      | 2    | u16  | perm    | 4 read, 2 write, 1 execute                    |
| 8      | 4    | u32  | id      | user or group, else 0xFFFFFFFF                |
"""

from __future__ import annotations

import struct

from pybackup.errors import Damaged

ACCESS = b"system.posix_acl_access"
DEFAULT = b"system.posix_acl_default"

_ENTRY = struct.Struct("<HHI")
_TAGS = {1: b"user", 2: b"user", 4: b"group", 8: b"group", 16: b"mask", 32: b"other"}
_NAMED = {(b"user", True): 2, (b"group", True): 8, (b"user", False): 1, (b"group", False): 4}
_NO_ID = 0xFFFFFFFF


def acl_to_text(value: bytes) -> bytes | None:
    """Return the ACL as ``user::rw-,user:1000:r--,...``, or None for bytes of an unknown form."""
    if len(value) < 4 or (len(value) - 4) % _ENTRY.size or value[:4] != b"\x02\0\0\0":
        return None
    entries = []
    for tag, perm, identity in _ENTRY.iter_unpack(value[4:]):
        if tag not in _TAGS or perm > 7:
            return None
        name = b"%d" % identity if tag in (2, 8) else b""
        letters = bytes(letter if perm & bit else 45 for letter, bit in ((114, 4), (119, 2), (120, 1)))
        entries.append(b":".join((_TAGS[tag], name, letters)))
    return b",".join(entries)


def acl_from_text(text: bytes) -> bytes:
    """Return the kernel's form of an ACL in text with numeric ids.

    Raises
    ------
    Damaged
        The text is no such ACL.
    """
    value = b"\x02\0\0\0"
    for entry in text.split(b","):
        parts = entry.split(b":")
        if len(parts) < 3 or len(parts[2]) != 3:
            raise Damaged(f"not an entry of an ACL: {entry!r}")
        kind, name, letters = parts[:3]
        tag = {b"mask": 16, b"other": 32}.get(kind) or _NAMED.get((kind, bool(name)))
        if tag is None or (name and not name.isdigit()):
            raise Damaged(f"not an entry of an ACL: {entry!r}")
        perm = sum(bit for letter, bit in zip(letters, (4, 2, 1), strict=True) if letter != 45)
        value += _ENTRY.pack(tag, perm, int(name) & _NO_ID if name else _NO_ID)
    return value
