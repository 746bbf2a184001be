"""Deltas in the form of rdiff (librsync): what to copy from a base, and what is new.

| offset | size | type  | field   | meaning                                                            |
| ------ | ---- | ----- | ------- | ------------------------------------------------------------------ |
| 0      | 4    | bytes | magic   | ``rs`` 0x02 ``6``                                                  |
| 4      | 1    | u8    | command | then its numbers, big-endian, and of a literal the bytes           |

Commands follow each other: 0x00 ends; 0x01 to 0x40 a literal of so many bytes; 0x41 to 0x44 a literal whose length
follows in 1, 2, 4 or 8 bytes; 0x45 to 0x54 a copy whose offset in the base, and then its length, follow in 1, 2, 4 or 8
bytes each: 0x45 + 4 * a + b, of 2^a and 2^b bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pybackup.errors import Damaged

MAGIC = b"rs\x026"
_END, _LITERAL_N1, _COPY, _LAST = 0x00, 0x41, 0x45, 0x54


class DeltaCommand(NamedTuple):
    """A stretch of what a delta gives.

    Attributes
    ----------
    is_copy
        The bytes are those of the base from ``start`` on; else those of the delta from there on.
    """

    is_copy: bool
    start: int
    length: int


def commands(delta: bytes) -> Iterator[DeltaCommand]:
    """Yield what a delta gives, in order.

    Raises
    ------
    Damaged
        It is none, is cut short, or something follows its end.
    """
    if not delta.startswith(MAGIC):
        raise Damaged("no delta in the form of rdiff")
    at = len(MAGIC)
    while at < len(delta):
        code, at = delta[at], at + 1
        if code == _END:
            if at != len(delta):
                raise Damaged("a delta with something behind its end")
            return
        if code < _LITERAL_N1:
            yield DeltaCommand(False, at, code)
            at += code
        elif code < _COPY:
            width = 1 << code - _LITERAL_N1
            length, at = _number(delta, at, width), at + width
            yield DeltaCommand(False, at, length)
            at += length
        elif code <= _LAST:
            widths = 1 << (code - _COPY) // 4, 1 << (code - _COPY) % 4
            start, length = _number(delta, at, widths[0]), _number(delta, at + widths[0], widths[1])
            at += sum(widths)
            yield DeltaCommand(True, start, length)
        else:
            raise Damaged(f"a delta with an unknown command: {code:#x}")
    raise Damaged("a delta that is cut short")


def _number(delta: bytes, at: int, width: int) -> int:
    return int.from_bytes(delta[at : at + width], "big")
