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
_WITH_ID = (2, 8)
_NAMED = {(name, tag in _WITH_ID): tag for tag, name in _TAGS.items()}
_LETTERS = ((114, 4), (119, 2), (120, 1))
_DASH = 45
_NO_ID = 0xFFFFFFFF


def acl_to_text(value: bytes) -> bytes | None:
    """Return the ACL as ``user::rw-,user:1000:r--,...``, or None for bytes of an unknown form."""
    if len(value) <= 4 or (len(value) - 4) % _ENTRY.size or value[:4] != b"\x02\0\0\0":
        return None
    entries = []
    for tag, perm, identity in _ENTRY.iter_unpack(value[4:]):
        if tag not in _TAGS or perm > 7 or (tag not in _WITH_ID and identity != _NO_ID):
            return None
        name = b"%d" % identity if tag in _WITH_ID else b""
        letters = bytes(letter if perm & bit else _DASH for letter, bit in _LETTERS)
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
        if len(parts) != 3 or len(parts[2]) != 3:
            raise Damaged(f"not an entry of an ACL: {entry[:80]!r}")
        kind, name, letters = parts
        tag = _NAMED.get((kind, bool(name)))
        if tag is None or any(
            found not in (letter, _DASH) for found, (letter, _) in zip(letters, _LETTERS, strict=True)
        ):
            raise Damaged(f"not an entry of an ACL: {entry[:80]!r}")
        perm = sum(bit for found, (_, bit) in zip(letters, _LETTERS, strict=True) if found != _DASH)
        value += _ENTRY.pack(tag, perm, _identity(name) if name else _NO_ID)
    return value


def _identity(digits: bytes) -> int:
    """The number of a user or group, in the one way to write it."""
    if len(digits) > 10 or not digits.isdigit() or (digits.startswith(b"0") and digits != b"0"):
        raise Damaged(f"not a numeric id of an ACL: {digits[:80]!r}")
    identity = int(digits)
    if identity > _NO_ID:
        raise Damaged(f"not a numeric id of an ACL: {digits!r}")
    return identity
