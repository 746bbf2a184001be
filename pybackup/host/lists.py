"""Lists that a user names: read as far as such a list can go, whatever stands behind the name, be it /dev/zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pybackup.errors import UsageError

_STEP_BYTES = 1 << 20
_MIB = 1 << 20
# Of all lists, in memory: ten million paths take less.
_MOST_LIST_BYTES = 2 << 30
_ITEM_BYTES = 64  # what Python takes for one beside its bytes
# Of patterns, and maps of ddrescue: a drive with a million bad places has a map of 40 MB.
_MOST_TEXT_BYTES = 256 * _MIB
_MOST_ITEM_BYTES = _MIB


def read_text(stream: BinaryIO) -> bytes:
    """Return all of a text.

    Raises
    ------
    UsageError
        It is longer than such a text can be, or has NUL bytes.
    """
    parts: list[bytes] = []
    total = 0
    while part := stream.read(_STEP_BYTES):
        total += len(part)
        if b"\0" in part:
            raise UsageError("NUL bytes are in it: no text")
        if total > _MOST_TEXT_BYTES:
            raise UsageError(f"longer than {_MOST_TEXT_BYTES // _MIB} MiB: no such text")
        parts.append(part)
    return b"".join(parts)


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a list with their ends, as soon as they are read.

    Raises
    ------
    UsageError
        One is longer than any path, or all are more than any list.
    """
    total = 0
    while line := stream.readline(_MOST_ITEM_BYTES + 1):
        total += len(line) + _ITEM_BYTES
        _check(len(line), total)
        yield line


def read_null_ended(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what stands before each NUL, and behind the last one, unless it is empty; raises as `read_lines` does."""
    rest = b""
    total = 0
    while part := stream.read(_STEP_BYTES):
        total += len(part)
        if len(part) == _STEP_BYTES and not part.strip(b"\0"):
            raise UsageError("a MiB of NUL bytes: no list")
        *items, rest = (rest + part).split(b"\0")
        total += len(items) * _ITEM_BYTES
        _check(len(rest), total)
        yield from filter(None, items)
    if rest:
        yield rest


def _check(item_bytes: int, total_bytes: int) -> None:
    if item_bytes > _MOST_ITEM_BYTES:
        raise UsageError(f"a line of more than {_MOST_ITEM_BYTES // _MIB} MiB: no list")
    if total_bytes > _MOST_LIST_BYTES:
        raise UsageError(f"it takes more than {_MOST_LIST_BYTES // _MIB:,} MiB of memory: no list of files")
