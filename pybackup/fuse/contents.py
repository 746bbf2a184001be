"""Reading parts of files of an archive: segments are decoded when they are asked for, and some of them kept."""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from itertools import accumulate
from tempfile import TemporaryFile
from typing import IO, Protocol

from pybackup.archive.open import OpenArchive
from pybackup.errors import Damaged
from pybackup.model.member import Stored
from pybackup.restore.content import first_whole, read_content

_KEPT_BYTES = 64 << 20


class MountedContent(Protocol):
    """The content of an open file."""

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes at ``offset``; fewer at the end.

        Raises
        ------
        Damaged
            They are lost.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class SegmentCache:
    """Decoded segments: the last used are kept, up to a number of bytes; several threads may ask for them."""

    def __init__(self, n_bytes: int = _KEPT_BYTES) -> None:
        self._n_bytes = n_bytes
        self._kept: OrderedDict[tuple[int, int, bytes], bytes] = OrderedDict()
        self._used = 0
        self._lock = threading.Lock()

    def segment(self, archive: OpenArchive, stored: Stored, number: int) -> bytes:
        """Return what segment ``number`` of a file decodes to.

        Raises
        ------
        Damaged
            It is lost.
        """
        member = stored.members[number]
        # With the digest: two rows of a damaged index may tell of one place, and one of them is wrong.
        key = id(archive), member.stream_offset, member.digest
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        # Two threads may decode the same one: that costs time, and a lock around it would cost more.
        data = first_whole(archive.file, [member, *stored.spares])
        with self._lock:
            if key not in self._kept:
                self._kept[key] = data
                self._used += len(data)
            while self._used > self._n_bytes and len(self._kept) > 1:
                self._used -= len(self._kept.popitem(last=False)[1])
        return data


class SegmentedContent:
    """Content that lies in segments, one after the other."""

    def __init__(self, archive: OpenArchive, stored: Stored, cache: SegmentCache) -> None:
        self._archive, self._stored, self._cache = archive, stored, cache
        self._ends = [*accumulate(member.raw_bytes for member in stored.members)]

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes at ``offset``."""
        return b"".join(self._pieces(offset, min(offset + count, self._stored.entry.size)))

    def _pieces(self, at: int, end: int) -> Iterator[bytes]:
        while at < end:
            number = bisect_right(self._ends, at)
            begin = self._ends[number - 1] if number else 0
            data = self._cache.segment(self._archive, self._stored, number)
            yield data[at - begin : end - begin]
            at = self._ends[number]

    def close(self) -> None:
        """Nothing is held."""


class SpooledContent:
    """Content that can only be read from the start, such as a sparse stream: a temporary file holds it."""

    def __init__(self, archive: OpenArchive, path: bytes) -> None:
        self._file: IO[bytes] = TemporaryFile()  # noqa: SIM115 # open as long as the content is
        try:
            for piece in read_content(archive, path):
                # Zeros stay holes.
                if piece.count(0) == len(piece):
                    self._file.seek(len(piece), os.SEEK_CUR)
                else:
                    self._file.write(piece)
            self._file.truncate()
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes at ``offset``."""
        return os.pread(self._file.fileno(), count, offset)

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()


def content_of(archive: OpenArchive, stored: Stored, cache: SegmentCache) -> MountedContent:
    """Return the content of a file of an archive.

    Raises
    ------
    Damaged
        It is known to be lost as a whole.
    """
    if stored.fault:
        raise Damaged(stored.fault)
    if stored.sparse:
        return SpooledContent(archive, stored.entry.path)
    return SegmentedContent(archive, stored, cache)
