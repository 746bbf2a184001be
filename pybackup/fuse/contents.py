"""Reading parts of archived files: segments are decoded when they are needed, and the last ones are kept in memory."""

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
        """Return ``count`` bytes at ``offset``; fewer at the end of the file.

        Raises
        ------
        Damaged
            Some of the bytes are lost.
        """
        ...

    def close(self) -> None:
        """Release the memory and files that the content holds."""
        ...


class SegmentCache:
    """A cache of decoded segments: the last used ones, up to a number of bytes; may be used by several threads."""

    def __init__(self, n_bytes: int = _KEPT_BYTES) -> None:
        self._n_bytes = n_bytes
        self._kept: OrderedDict[tuple[int, int, bytes], bytes] = OrderedDict()
        self._used = 0
        self._lock = threading.Lock()

    def segment(self, archive: OpenArchive, stored: Stored, number: int) -> bytes:
        """Return the decoded bytes of segment ``number`` of a file.

        Raises
        ------
        Damaged
            The segment is lost.
        """
        member = stored.members[number]
        # The digest is part of the key: two rows of a damaged index may name the same offset, one of them wrongly.
        key = id(archive), member.stream_offset, member.digest
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        # Two threads may decode the same segment: that wastes time, but a lock around decoding would waste more.
        data = first_whole(archive.file, [member, *stored.spares])
        with self._lock:
            if key not in self._kept:
                self._kept[key] = data
                self._used += len(data)
            while self._used > self._n_bytes and len(self._kept) > 1:
                self._used -= len(self._kept.popitem(last=False)[1])
        return data


class SegmentedContent:
    """Content stored in segments, each of which is decoded independently."""

    def __init__(self, archive: OpenArchive, stored: Stored, cache: SegmentCache) -> None:
        self._archive, self._stored, self._cache = archive, stored, cache
        self._ends = [*accumulate(member.raw_bytes for member in stored.members)]

    def read(self, offset: int, count: int) -> bytes:
        """Return ``count`` bytes at ``offset``; fewer at the end of the file."""
        return b"".join(self._pieces(offset, min(offset + count, self._stored.entry.size)))

    def _pieces(self, at: int, end: int) -> Iterator[bytes]:
        while at < end:
            number = bisect_right(self._ends, at)
            begin = self._ends[number - 1] if number else 0
            data = self._cache.segment(self._archive, self._stored, number)
            yield data[at - begin : end - begin]
            at = self._ends[number]

    def close(self) -> None:
        """Do nothing: the cache holds the segments."""


class SpooledContent:
    """Content that can only be decoded from the start, such as a sparse stream; it is kept in a temporary file."""

    def __init__(self, archive: OpenArchive, path: bytes) -> None:
        self._file: IO[bytes] = TemporaryFile()  # noqa: SIM115 # stays open until the content is closed
        try:
            for piece in read_content(archive, path):
                # Zeros are left as holes of the temporary file.
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
        """Return ``count`` bytes at ``offset``; fewer at the end of the file."""
        return os.pread(self._file.fileno(), count, offset)

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()


def content_of(archive: OpenArchive, stored: Stored, cache: SegmentCache) -> MountedContent:
    """Return the content of a file of an archive.

    Raises
    ------
    Damaged
        The whole content is known to be lost.
    """
    if stored.fault:
        raise Damaged(stored.fault)
    if stored.sparse:
        return SpooledContent(archive, stored.entry.path)
    return SegmentedContent(archive, stored, cache)
