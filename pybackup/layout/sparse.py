"""Sparse files: their data alone, as a tar of one member in GNU's sparse format 1.0 (pax).

What is packed into the file's ``.7z`` is this stream, so stock tar restores the file with its holes:

| part    | bytes | meaning                                                                         |
| ------- | ----- | ------------------------------------------------------------------------------- |
| records | n*512 | pax member: ``GNU.sparse.major=1``, ``.minor=0``, ``.name``, ``.realsize``        |
| header  | 512   | tar header, size of map and data                                                 |
| map     | n*512 | decimal lines: number of extents, then offset and length of each; zero-padded    |
| data    |       | the extents one after the other, zero-padded to 512                              |
| end     | 1024  | zeros                                                                            |

An extent of length 0 at the end of the file says that the file ends in a hole. What the map and the header say
must agree; that it is the right map, only the digest of the member can tell.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pybackup.errors import Damaged

from . import pax, ustar

Extents = Sequence[tuple[int, int]]
_MAX_HEAD_BYTES = 256 << 20
_MAX_RECORDS_BYTES = 1 << 20
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class SparseLayout:
    """Where a sparse file has data: extents of offset and length in bytes, ascending; and its whole size."""

    size: int
    extents: Extents

    @property
    def data_bytes(self) -> int:
        """Bytes that are no hole."""
        return sum(length for _, length in self.extents)

    @property
    def map(self) -> bytes:
        """The map, filled up to whole blocks: it stands before the data and belongs to the content of the member."""
        extents = list(self.extents)
        if not extents or sum(extents[-1]) < self.size:
            extents.append((self.size, 0))
        lines = [len(extents), *(number for extent in extents for number in extent)]
        text = b"".join(b"%d\n" % line for line in lines)
        return text + ustar.padding(len(text))

    @property
    def records(self) -> dict[bytes, bytes]:
        """The pax records that say that a member begins with a map; its name is that of its header."""
        return {
            b"GNU.sparse.major": b"1",
            b"GNU.sparse.minor": b"0",
            b"GNU.sparse.realsize": b"%d" % self.size,
        }

    def head(self, name: bytes, *, mode: int, mtime: int) -> bytes:
        """Return all before the data."""
        text = self.map
        major, minor, size = self.records.items()
        records = dict([major, minor, (b"GNU.sparse.name", name), size])
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
        The stream is not of the form above, or says more or less than the file's size.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._buffer = bytearray()
        self._head_bytes = 0
        self._data_bytes = -1
        self._missing = -1
        self._numbers = array("q")
        self._is_mapped = False
        self._at = 0
        self._done = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the offsets and bytes of the file that ``data`` brings."""
        if not self._is_mapped:
            self._buffer += data
            self._parse_head()
            if not self._is_mapped:
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        return list(self._writes(data))

    @property
    def is_mapped(self) -> bool:
        """Whether the map is complete."""
        return self._is_mapped

    @property
    def extents(self) -> Extents | None:
        """Where the file has data, offset and length in bytes; None before the map is complete."""
        return list(zip(self._numbers[::2], self._numbers[1::2], strict=True)) if self._is_mapped else None

    def skip(self, count: int) -> None:
        """Pass over ``count`` bytes of the stream that are lost; refused before the map is complete."""
        if not self._is_mapped:
            raise Damaged("the map of a sparse stream is lost")
        while count > 0 and self._at < len(self._numbers):
            step = min(count, self._numbers[self._at + 1] - self._done)
            count -= step
            self._pass(step)

    def finish(self) -> None:
        """Refuse a stream that ended too early."""
        at = self._at
        if at < len(self._numbers) and not self._numbers[at + 1]:
            at += 2
        if not self._is_mapped or at < len(self._numbers):
            raise Damaged("a sparse stream ends too early")

    def _writes(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        start = 0
        while start < len(data) and self._at < len(self._numbers):
            offset, length = self._numbers[self._at], self._numbers[self._at + 1]
            part = data[start : start + length - self._done]
            if part:
                yield offset + self._done, part
            start += len(part)
            self._pass(len(part))

    def _pass(self, count: int) -> None:
        """Go on by so many bytes of the extent at hand."""
        self._done += count
        if self._done == self._numbers[self._at + 1]:
            self._at, self._done = self._at + 2, 0

    def _parse_head(self) -> None:
        """Read what is there of the records, the header and the map."""
        if self._data_bytes < 0 and not self._parse_headers():
            return
        while self._missing and (end := self._buffer.rfind(b"\n") + 1):
            lines = bytes(self._buffer[:end]).split(b"\n", 1 if self._missing < 0 else self._missing)
            rest = lines.pop()
            self._head_bytes += end - len(rest)
            del self._buffer[: end - len(rest)]
            self._take(lines)
        if self._head_bytes + len(self._buffer) * bool(self._missing) > _MAX_HEAD_BYTES:
            raise Damaged("a sparse stream whose map never ends")
        filler = -self._head_bytes % ustar.BLOCK
        if self._missing or len(self._buffer) < filler:
            return
        if any(self._buffer[:filler]):
            raise Damaged("a sparse stream with something behind its map")
        del self._buffer[:filler]
        if self._data_bytes != self._head_bytes + filler + sum(self._numbers[1::2]):
            raise Damaged("a sparse stream of another length than its header says")
        self._is_mapped = True

    def _parse_headers(self) -> bool:
        """Read the two headers and the records once all of them are there, and say whether they were."""
        if len(self._buffer) < ustar.BLOCK:
            return False
        first = ustar.Header.unpack(bytes(self._buffer[: ustar.BLOCK]))
        if first.typeflag != ustar.PAX or first.size > _MAX_RECORDS_BYTES:
            raise Damaged("a sparse stream without its records")
        second = ustar.BLOCK + ustar.padded(first.size)
        if len(self._buffer) < second + ustar.BLOCK:
            return False
        records = pax.unpack_records(bytes(self._buffer[ustar.BLOCK : ustar.BLOCK + first.size]))
        said = tuple(records.get(b"GNU.sparse." + key) for key in (b"major", b"minor", b"realsize"))
        if said != (b"1", b"0", b"%d" % self._size):
            raise Damaged("a sparse stream of another version or size")
        header = ustar.Header.unpack(bytes(self._buffer[second : second + ustar.BLOCK]))
        if header.typeflag != ustar.FILE:
            raise Damaged("a sparse stream without its file")
        self._data_bytes = _decimal(records.get(b"size", b"%d" % header.size))
        del self._buffer[: second + ustar.BLOCK]
        return True

    def _take(self, lines: list[bytes]) -> None:
        numbers = [_decimal(line) for line in lines]
        if self._missing < 0:
            self._missing = 2 * numbers[0]
            return
        self._missing -= len(numbers)
        begun = len(self._numbers) - len(self._numbers) % 2
        self._numbers.extend(numbers)
        last = sum(self._numbers[begun - 2 : begun])
        for at in range(begun, len(self._numbers) - 1, 2):
            offset, length = self._numbers[at], self._numbers[at + 1]
            if offset < last or offset + length > self._size:
                raise Damaged("a sparse stream whose extents overlap or leave the file")
            if not length and offset != self._size:
                raise Damaged("a sparse stream with an extent of nothing")
            last = offset + length


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > _MAX_DIGITS:
        raise Damaged("a number is missing in the map of a sparse stream")
    return int(text)
