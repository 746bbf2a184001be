"""Extras: the rare things of an entry, each with its tag, in the order of tags, then names.

| offset | size   | type  | field  | meaning                                                       |
| ------ | ------ | ----- | ------ | ------------------------------------------------------------- |
| 0      | 1      | u8    | tag    | 1 extended attribute, 2 device, 3 digest of segments, 4 part  |
| 1      | 4      | u32   | length | of the value                                                  |
| 5      | length | bytes | value  | as follows                                                    |

Values: 1, u16 length of the name, name, value; 2, u32 major, u32 minor; 3, SHA-256; 4, u32 number of the first segment
that is here, u32 segments of the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pybackup.errors import Damaged
from pybackup.model.member import Stored

from .table_form import DEVICES

_EXTRA = struct.Struct("<BI")
_EXTRA_XATTR = 1
_EXTRA_DEVICE = 2
_EXTRA_DIGEST = 3
_EXTRA_PART = 4
_DEVICE = struct.Struct("<II")
_PART = struct.Struct("<II")
_U16 = struct.Struct("<H")


@dataclass(slots=True)
class Extras:
    """What an entry has beyond its columns; no device, digest or part for most."""

    xattrs: dict[bytes, bytes]
    device: tuple[int, int] | None = None
    digest: bytes = b""
    part: tuple[int, int] | None = None


NO_EXTRAS = Extras({})


def pack_extras(stored: Stored) -> bytes:
    """Return the extras of an entry, nothing for most."""
    entry = stored.entry
    if not entry.xattrs and not stored.numbers and len(stored.members) < 2 and entry.kind not in DEVICES:
        return b""
    parts: list[tuple[int, bytes]] = [
        (_EXTRA_XATTR, _U16.pack(len(name)) + name + entry.xattrs[name]) for name in sorted(entry.xattrs)
    ]
    if entry.kind in DEVICES:
        parts.append((_EXTRA_DEVICE, _DEVICE.pack(*entry.device)))
    if stored.numbers:
        if stored.numbers[-1] + 1 == stored.segments:
            parts.append((_EXTRA_DIGEST, stored.digest))
        parts.append((_EXTRA_PART, _PART.pack(stored.numbers[0], stored.segments)))
    elif len(stored.members) > 1:
        parts.append((_EXTRA_DIGEST, stored.digest))
    return b"".join(_EXTRA.pack(tag, len(value)) + value for tag, value in parts)


def unpack_extras(data: bytes) -> Extras:
    """Return the extras in ``data``.

    Raises
    ------
    Damaged
        Of another form than `pack_extras` gives.
    """
    extras = Extras({})
    position = 0
    last = b""
    while position < len(data):
        if position + _EXTRA.size > len(data):
            raise Damaged("an index with half an extra")
        tag, length = _EXTRA.unpack_from(data, position)
        position += _EXTRA.size
        value = data[position : position + length]
        position += length
        if position > len(data):
            raise Damaged("an index with half an extra")
        _take_extra(extras, tag, value)
        rank = bytes((tag,)) + (value[2 : 2 + _U16.unpack_from(value)[0]] if tag == _EXTRA_XATTR else b"")
        if rank <= last:
            raise Damaged("an index with extras out of order")
        last = rank
    return extras


def _take_extra(extras: Extras, tag: int, value: bytes) -> None:
    if tag == _EXTRA_XATTR and len(value) >= 2 and len(value) >= 2 + _U16.unpack_from(value)[0]:
        (length,) = _U16.unpack_from(value)
        extras.xattrs[value[2 : 2 + length]] = value[2 + length :]
    elif tag == _EXTRA_DEVICE and len(value) == _DEVICE.size:
        extras.device = _DEVICE.unpack(value)
    elif tag == _EXTRA_DIGEST and len(value) == 32:
        extras.digest = value
    elif tag == _EXTRA_PART and len(value) == _PART.size:
        extras.part = _PART.unpack(value)
    else:
        raise Damaged(f"an index with an extra of unknown kind or form: {tag}")
