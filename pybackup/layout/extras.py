"""Extras: the rare things of an entry, each with its tag, in the order of tags, then names.

| offset | size   | type  | field  | meaning                                                       |
| ------ | ------ | ----- | ------ | ------------------------------------------------------------- |
| 0      | 1      | u8    | tag    | 1 extended attribute, 2 device, 3 digest, 4 part, 5 base       |
| 1      | 4      | u32   | length | of the value                                                  |
| 5      | length | bytes | value  | as follows                                                    |

Values: 1, u16 length of the name, name, value; 2, u32 major, u32 minor; 3, SHA-256; 4, u32 number of the first segment
that is here, u32 segments of the file, and for each further run of segments that are here, u32 how many come before
it, u32 number of its first; 5, SHA-256 of the base, u64 bytes that were stored on it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pybackup.errors import Damaged
from pybackup.model.member import Stored

from .table_form import DEVICES

_EXTRA = struct.Struct("<BI")
_EXTRA_XATTR = 1
_EXTRA_DEVICE = 2
_EXTRA_DIGEST = 3
_EXTRA_PART = 4
_EXTRA_BASE = 5
_DEVICE = struct.Struct("<II")
_PART = struct.Struct("<II")
_BASE = struct.Struct("<32sQ")
_U16 = struct.Struct("<H")


@dataclass(frozen=True, slots=True)
class PartRuns:
    """Which segments of a file are here, and how many it has.

    Attributes
    ----------
    runs
        Of neighbouring segments: how many are in the runs before it, and the number of its first.
    """

    segments: int
    runs: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, numbers: Sequence[int], segments: int) -> PartRuns:
        """Return it for segments of these numbers, ascending."""
        starts = (at for at, number in enumerate(numbers) if not at or numbers[at - 1] + 1 != number)
        return cls(segments, tuple((at, numbers[at]) for at in starts))

    def numbers(self, count: int) -> tuple[int, ...]:
        """Return the numbers of ``count`` segments."""
        return tuple(number for at, first, end in self._ends(count) for number in range(first, first + end - at))

    def is_possible(self, count: int) -> bool:
        """Whether a file may have so many segments here, and that in these runs."""
        return 0 < count < self.segments and self._ascends(count)

    def is_last(self, count: int) -> bool:
        """Whether its last segment is one of them."""
        at, first = self.runs[-1]
        return first + count - at == self.segments

    def _ends(self, count: int) -> Iterator[tuple[int, int, int]]:
        """Each run of ``count`` segments, and how many there are up to its end."""
        ends = (*(at for at, _ in self.runs[1:]), count)
        return ((at, first, end) for (at, first), end in zip(self.runs, ends, strict=True))

    def _ascends(self, count: int) -> bool:
        behind = 0  # the number behind the last one of the run before
        for at, first, end in self._ends(count):
            if end <= at or (first <= behind if at else first < 0):
                return False
            behind = first + end - at
        return behind <= self.segments

    def pack(self) -> bytes:
        """Return its value."""
        (_, first), *more = self.runs
        return _PART.pack(first, self.segments) + b"".join(_PART.pack(at, number) for at, number in more)

    @classmethod
    def unpack(cls, value: bytes) -> PartRuns:
        """Return what a value says."""
        (first, segments), *more = _PART.iter_unpack(value)
        return cls(segments, ((0, first), *more))


@dataclass(slots=True)
class Extras:
    """What an entry has beyond its columns; no device, digest or part for most."""

    xattrs: dict[bytes, bytes]
    device: tuple[int, int] | None = None
    digest: bytes = b""
    part: PartRuns | None = None
    base: bytes = b""
    base_spent: int = 0


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
        if stored.digest and (stored.base_digest or stored.numbers[-1] + 1 == stored.segments):
            parts.append((_EXTRA_DIGEST, stored.digest))
        parts.append((_EXTRA_PART, PartRuns.of(stored.numbers, stored.segments).pack()))
    elif len(stored.members) > 1:
        parts.append((_EXTRA_DIGEST, stored.digest))
    if stored.base_digest:
        parts.append((_EXTRA_BASE, _BASE.pack(stored.base_digest, stored.base_spent)))
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
    elif tag == _EXTRA_PART and value and len(value) % _PART.size == 0:
        extras.part = PartRuns.unpack(value)
    elif tag == _EXTRA_BASE and len(value) == _BASE.size:
        extras.base, extras.base_spent = _BASE.unpack(value)
    else:
        raise Damaged(f"an index with an extra of unknown kind or form: {tag}")
