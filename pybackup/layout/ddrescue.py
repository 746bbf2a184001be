"""The map file of GNU ddrescue: which bytes of a drive were rescued.

A text of lines; ``#`` begins a comment, at the begin of a line or behind a blank.

    # current_pos  current_status  current_pass
    0x00120000     ?               1                the status line: what ddrescue was about to do
    #      pos        size  status
    0x00000000  0x00117000  +                       ? non-tried  * non-trimmed  / non-scraped  - bad  + finished
    0x00117000  0x00000200  -

Numbers are those of C++: decimal, hexadecimal after 0x, octal after 0. The pass may be missing (maps before 1.20).

Source: the manual of GNU ddrescue 1.27, chapter "Mapfile structure".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pybackup.errors import Damaged
from pybackup.model.extents import Extents

_END = 2**63 - 1
"""Where the last byte that ddrescue can name ends."""

_NUMBER = rb"(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,22})"
_STATUS = re.compile(rb"\s*" + _NUMBER + rb"\s*[?*/\-FG+](?:\s+[0-9]+)?\s*")
_BLOCK = re.compile(rb"\s*" + _NUMBER + rb"\s+" + _NUMBER + rb"\s*([?*/+-])\s*")
_COMMENT = re.compile(rb"(?:^|(?<=\s))#.*")


@dataclass(frozen=True)
class DdrescueMap:
    """What a map says of a drive: `rescued` are the bytes that were read."""

    rescued: Extents

    def unread(self, size: int) -> Extents:
        """Return what of the first ``size`` bytes was not read, be it that the map calls it bad or does not name it."""
        return self.rescued.gaps(0, size)


def parse_map(text: bytes) -> DdrescueMap:
    """Read a map file.

    More is taken than ddrescue writes: blocks in any order, and gaps between them. Bytes in a finished block and in
    one that is not are taken as unread.

    Raises
    ------
    Damaged
        It is no map file; the message names the line.
    """
    finished: list[tuple[int, int]] = []
    others: list[tuple[int, int]] = []
    seen_status = False
    number = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = _COMMENT.sub(b"", raw)
        if not line.strip():
            continue
        if seen_status:
            start, end, status = _block(line, number)
            (finished if status == b"+" else others).append((start, end))
        elif _STATUS.fullmatch(line) is None:
            raise Damaged(f"no map file of ddrescue: line {number} should be its status line: {_shown(raw)}")
        seen_status = True
    if not seen_status:
        raise Damaged(f"no map file of ddrescue: it ends with line {number}, and without a status line")
    doubtful = Extents.of(others)
    # Joined first: blocks that overlap, each cut by all others, would be as many as the square of the lines.
    sure = Extents.of(finished)
    return DdrescueMap(Extents.of(part for start, end in sure for part in doubtful.gaps(start, end)))


def write_map(unread: Extents, size: int) -> bytes:
    """Return a map of ``size`` bytes that calls ``unread`` bad and the rest finished.

    Given to the test mode of ddrescue it makes a good drive play one with these bad places.
    """
    blocks = [(start, end, "-") for start, end in unread.within(0, size)]
    blocks += [(start, end, "+") for start, end in unread.gaps(0, size)]
    lines = ["# Mapfile", "# current_pos  current_status  current_pass", "0x00000000     +               1"]
    lines += ["#      pos        size  status"]
    lines += [f"0x{start:08X}  0x{end - start:08X}  {status}" for start, end, status in sorted(blocks)]
    return ("\n".join(lines) + "\n").encode()


def _block(line: bytes, number: int) -> tuple[int, int, bytes]:
    """Return start, end and status of a line of the list of blocks."""
    fields = _BLOCK.fullmatch(line)
    if fields is None:
        raise Damaged(f"no map file of ddrescue: line {number} should name a block: {_shown(line)}")
    start, size = _value(fields[1], number), _value(fields[2], number)
    # ddrescue itself cuts a block that would go beyond: a map of a drive of unknown size ends so.
    return start, min(start + size, _END), fields[3]


def _value(digits: bytes, number: int) -> int:
    """Return a number written as in C++."""
    octal = digits[:1] == b"0" and digits.isdigit()
    try:
        value = int(digits, 8 if octal else 0)
    except ValueError:
        raise Damaged(f"no map file of ddrescue: line {number} holds no octal number: {_shown(digits)}") from None
    if value > _END:
        raise Damaged(f"no map file of ddrescue: line {number} holds a number beyond 63 bits: {_shown(digits)}")
    return value


def _shown(line: bytes) -> str:
    """Return the begin of a line for a message, whatever bytes it holds."""
    return ascii(line[:60].decode("latin-1"))
