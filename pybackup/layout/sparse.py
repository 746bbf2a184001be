"""Sparse files: their data alone, as a tar of one member in GNU's sparse format 1.0 (pax).

What is packed into the file's ``.7z`` is this stream, so stock tar restores the file with its holes:

| part    | bytes | meaning                                                                         |
| ------- | ----- | ------------------------------------------------------------------------------- |
| records | n*512 | pax member: ``GNU.sparse.major=1``, ``.minor=0``, ``.name``, ``.realsize``        |
| header  | 512   | tar header, size of map and data                                                 |
| map     | n*512 | decimal lines: number of extents, then offset and length of each; zero-padded    |
| data    |       | the extents one after the other, zero-padded to 512                              |
| end     | 1024  | zeros                                                                            |

An extent of length 0 at the end of the file says that the file ends in a hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pybackup.errors import Damaged

from . import pax, ustar

Extents = Sequence[tuple[int, int]]
_MAX_HEAD_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class SparseLayout:
    """Where a sparse file has data: extents of offset and length in bytes, ascending; and its whole size."""

    size: int
    extents: Extents

    @property
    def data_bytes(self) -> int:
        """Bytes that are no hole."""
        return sum(length for _, length in self.extents)

    def head(self, name: bytes, *, mode: int, mtime: int) -> bytes:
        """Return all before the data."""
        extents = list(self.extents)
        if not extents or sum(extents[-1]) < self.size:
            extents.append((self.size, 0))
        lines = [len(extents), *(number for extent in extents for number in extent)]
        text = b"".join(b"%d\n" % line for line in lines)
        text += ustar.padding(len(text))
        records = {
            b"GNU.sparse.major": b"1",
            b"GNU.sparse.minor": b"0",
            b"GNU.sparse.name": name,
            b"GNU.sparse.realsize": b"%d" % self.size,
        }
        mtime = max(mtime, 0)
        header = ustar.Header(name=b"GNUSparseFile.0/content", mode=mode, size=len(text) + self.data_bytes, mtime=mtime)
        return pax.member(b"content", records, mtime) + header.pack() + text

    def tail(self) -> bytes:
        """Return all behind the data."""
        return ustar.padding(self.data_bytes) + ustar.END


class SparseReader:
    """Takes the stream piece by piece, and tells what to write where.

    Raises
    ------
    Damaged
        The stream is not of the form above, or says more than the file's size.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._head = bytearray()
        self._extents: list[tuple[int, int]] | None = None
        self._at = 0
        self._done = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the offsets and bytes of the file that ``data`` brings."""
        if self._extents is None:
            self._head += data
            if len(self._head) > _MAX_HEAD_BYTES:
                raise Damaged("a sparse stream whose map never ends")
            data = self._parse_head()
        writes = []
        while data and self._extents is not None and self._at < len(self._extents):
            offset, length = self._extents[self._at]
            part = data[: length - self._done]
            if part:
                writes.append((offset + self._done, part))
            self._done += len(part)
            data = data[len(part) :]
            if self._done == length:
                self._at, self._done = self._at + 1, 0
        return writes

    def finish(self) -> None:
        """Refuse a stream that ended too early."""
        pending = [] if self._extents is None else self._extents[self._at :]
        if self._extents is None or any(length for _, length in pending):
            raise Damaged("a sparse stream ends too early")

    def _parse_head(self) -> bytes:
        """Read the map once all of it is there, and return the data behind it."""
        head = bytes(self._head)
        if len(head) < ustar.BLOCK:
            return b""
        first = ustar.Header.unpack(head[: ustar.BLOCK])
        start = ustar.BLOCK + ustar.padded(first.size) + ustar.BLOCK
        if first.typeflag != ustar.PAX or first.size > ustar.BLOCK * 64:
            raise Damaged("a sparse stream without its records")
        end = head.find(b"\n", start)
        if end < 0:
            return b""
        count = _decimal(head[start:end])
        if head.count(b"\n", start) < 2 * count + 1:
            return b""
        lines = head[start:].split(b"\n", 2 * count + 1)
        numbers = [_decimal(line) for line in lines[1:-1]]
        self._extents = list(zip(numbers[::2], numbers[1::2], strict=True))
        self._check()
        length = sum(len(line) + 1 for line in lines[:-1])
        self._head.clear()
        return head[start + ustar.padded(length) :]

    def _check(self) -> None:
        last = 0
        for offset, length in self._extents or ():
            if offset < last or offset + length > self._size:
                raise Damaged("a sparse stream whose extents overlap or leave the file")
            last = offset + length


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 20:
        raise Damaged("a number is missing in the map of a sparse stream")
    return int(text)
