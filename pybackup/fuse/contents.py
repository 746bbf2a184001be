"""Reading parts of archived files: segments are decoded when they are needed, and the last ones are kept in memory."""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import accumulate
from tempfile import TemporaryFile
from typing import IO, Protocol

from pybackup.archive.open import OpenArchive
from pybackup.errors import Damaged
from pybackup.model.member import Stored
from pybackup.restore.content import first_whole, read_content

_KEPT_BYTES = 64 << 20
# Whoever reads one segment after the other finds so many more decoded, or on their way, if a reader takes no more than
# this part of what is kept.
_AHEAD = 2
_READERS = 4

_Key = tuple[int, int, bytes]


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
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._coming: dict[_Key, Future[bytes]] = {}
        self._used = 0
        self._lock = threading.Lock()
        self._ahead: ThreadPoolExecutor | None = None
        self._is_closed = False

    def segment(self, archive: OpenArchive, stored: Stored, number: int) -> bytes:
        """Return the decoded bytes of segment ``number`` of a file; what another thread decodes just now is waited for.

        Raises
        ------
        Damaged
            The segment is lost.
        """
        key = _key(archive, stored, number)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            others = self._coming.get(key)
            if others is None:
                own = self._coming[key] = Future[bytes]()
        if others is not None:
            return others.result()
        try:
            data = first_whole(archive.file, [stored.members[number], *stored.spares])
        except BaseException as error:
            with self._lock:
                del self._coming[key]
            own.set_exception(error)
            raise
        self._keep(key, data)
        own.set_result(data)
        return data

    def _keep(self, key: _Key, data: bytes) -> None:
        with self._lock:
            del self._coming[key]
            self._kept[key] = data
            self._used += len(data)
            while self._used > self._n_bytes and len(self._kept) > 1:
                self._used -= len(self._kept.popitem(last=False)[1])

    def read_ahead(self, archive: OpenArchive, stored: Stored, number: int) -> None:
        """Have the segments behind ``number`` decoded by other threads, unless they are too large to be kept."""
        for wanted in range(number + 1, min(number + 1 + _AHEAD, len(stored.members))):
            if stored.members[wanted].raw_bytes * (1 + _AHEAD) * _READERS > self._n_bytes:
                return
            key = _key(archive, stored, wanted)
            with self._lock:
                if self._is_closed or key in self._kept or key in self._coming:
                    continue
                if self._ahead is None:
                    self._ahead = ThreadPoolExecutor(_AHEAD, "read-ahead")
                # What is damaged is told to whoever reads that far.
                self._ahead.submit(self.segment, archive, stored, wanted)

    def finish(self) -> None:
        """Read nothing ahead any more, and wait for what is being read: the archives can be closed then."""
        with self._lock:
            self._is_closed = True
        if self._ahead is not None:
            self._ahead.shutdown(cancel_futures=True)


def _key(archive: OpenArchive, stored: Stored, number: int) -> _Key:
    # The digest is part of it: two rows of a damaged index may name the same offset, one of them wrongly.
    member = stored.members[number]
    return id(archive), member.stream_offset, member.digest


class SegmentedContent:
    """Content stored in segments, each of which is decoded independently."""

    def __init__(self, archive: OpenArchive, stored: Stored, cache: SegmentCache) -> None:
        self._archive, self._stored, self._cache = archive, stored, cache
        self._ends = [*accumulate(member.raw_bytes for member in stored.members)]
        self._last = -1

    def read(self, offset: int, count: int) -> bytes:
        """Return ``count`` bytes at ``offset``; fewer at the end of the file."""
        return b"".join(self._pieces(offset, min(offset + count, self._stored.entry.size)))

    def _pieces(self, at: int, end: int) -> Iterator[bytes]:
        while at < end:
            number = bisect_right(self._ends, at)
            begin = self._ends[number - 1] if number else 0
            if number == self._last + 1 and number:
                self._cache.read_ahead(self._archive, self._stored, number)
            self._last = number
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
