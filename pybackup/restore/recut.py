"""Reading files out of an archive for a new archive: in pieces of the new archive's segment size."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack

from pybackup.archive.archive import Archive
from pybackup.errors import Damaged, FormatError
from pybackup.host.joined import open_place
from pybackup.host.storage import ArchiveFile
from pybackup.model.content import Bare, Piece, Read, Restart, Whole
from pybackup.model.entry import Kind
from pybackup.model.member import Stored
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .content import first_whole


class Recutter:
    """Reads files out of an archive. A damaged file is tried again in better archives, else reported and left out.

    Parameters
    ----------
    better
        Called with an archive and a file that is damaged in it; returns a better archive, or None.
    """

    def __init__(
        self,
        archive: Archive,
        *,
        segment_bytes: int,
        better: Callable[[Archive, Stored], Archive | None],
        monitor: Monitor,
    ) -> None:
        self._archive, self._better, self._monitor = archive, better, monitor
        self._segment_bytes = segment_bytes
        self._lost: set[bytes] = set()

    def read(self, rows: Iterable[int]) -> Iterator[Read]:
        """Yield entries in the order of the rows, each file as its pieces; sparse files as their sparse streams."""
        with ExitStack() as stack:
            file = stack.enter_context(open_place(self._archive.place))
            for row in rows:
                stored = self._archive.listing.stored(row)
                if stored.entry.kind is Kind.HARDLINK and stored.entry.target in self._lost:
                    self._lose(stored, "what it links to is lost")
                elif stored.entry.kind is not Kind.FILE:
                    yield Bare(stored.entry)
                else:
                    file = yield from self._file(file, row, stored, stack)

    def _file(
        self, file: ArchiveFile, row: int, stored: Stored, stack: ExitStack
    ) -> Generator[Read, None, ArchiveFile]:
        """Yield the pieces of a file, and return the archive to read the next file from."""
        while True:
            begun = False
            try:
                if stored.fault:
                    raise Damaged(stored.fault)
                for piece in self._cut(file, stored):
                    begun = True
                    yield piece
                return file
            except FormatError as error:
                if begun:
                    yield Restart(stored.entry)
                found = self._better(self._archive, stored)
                if found is None:
                    self._lose(stored, str(error))
                    return file
                self._archive = found
                file = stack.enter_context(open_place(found.place))
                stored = found.listing.stored(row)

    def _lose(self, stored: Stored, reason: str) -> None:
        self._lost.add(stored.entry.path)
        self._monitor.problem(Problem(stored.entry.path, Trouble.LOST, reason))

    def _cut(self, file: ArchiveFile, stored: Stored) -> Iterator[Piece]:
        """Cut the content into pieces of the segment size, and hash the whole of it."""
        size, entry = self._segment_bytes, stored.entry
        total = sum(member.raw_bytes for member in stored.members)
        segments = max(-(-total // size), 1)
        digest, buffer, number = hashlib.sha256(), bytearray(), 0
        for member in stored.members:
            data = first_whole(file, [member, *stored.spares])
            digest.update(data)
            buffer += data
            while len(buffer) >= size and number < segments - 1:
                yield Piece(entry, bytes(buffer[:size]), number, segments, stored.sparse)
                del buffer[:size]
                number += 1
        whole = digest.digest() if segments > 1 else b""
        if segments > 1 and stored.digest and whole != stored.digest[: len(whole)]:
            raise Damaged("its segments are whole, and are not those of one file")
        yield Piece(entry, bytes(buffer), number, segments, stored.sparse, Whole(whole, stored.changed))
