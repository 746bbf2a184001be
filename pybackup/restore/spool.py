"""Decoding and checking the whole content of one file at a time, before any of it is written elsewhere."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from pybackup.compress.unpack import decode
from pybackup.errors import Damaged, FormatError
from pybackup.foreign.contents import WholeContent
from pybackup.host.environment import environment
from pybackup.host.storage import ArchiveFile
from pybackup.layout.sparse import SparseReader
from pybackup.model.member import Member, Method, Stored

from .worker import said_of_all

# Larger contents are kept in a temporary file without a name.
_IN_MEMORY_BYTES = 8 << 20
_STEP = 1 << 20


class ContentSpool:
    """Holds the content of a file until the next one is asked for.

    Parameters
    ----------
    directory
        The directory for large contents.
    """

    def __init__(self, directory: bytes) -> None:
        self._where = directory
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=os.fsdecode(directory))  # noqa: SIM115 - closed in __exit__

    def content_of(self, archive: ArchiveFile, stored: Stored) -> WholeContent:
        """Return the content of a file, with each segment from the first place where it is intact.

        Raises
        ------
        Damaged
            A segment is intact nowhere.
        EnvironmentFailed
            There is no room for the content.
        """
        if stored.fault:
            raise Damaged(stored.fault)
        self._clear()
        reader = SparseReader(stored.entry.size) if stored.sparse else None
        for member in stored.members:
            start = self._file.tell()
            self._take(archive, [member, *stored.spares], start)
            if reader is not None:
                self._keep_data(reader, start)
        extents = None
        if reader is not None:
            reader.finish()
            extents = list(reader.extents or ())
        is_packed = bool(stored.members) and all(member.method is Method.COPY for member in stored.members)
        return WholeContent(stored.entry.size, self._read, extents, is_packed and extents is None)

    def _clear(self) -> None:
        with environment(self._where):
            self._file.seek(0)
            self._file.truncate()

    def _take(self, archive: ArchiveFile, places: list[Member], start: int) -> None:
        """Append a segment, from the first intact one of the members that hold it."""
        faults = []
        for member in places:
            try:
                for data in decode(archive, member):
                    with environment(self._where):
                        self._file.write(data)
                return
            except FormatError as error:
                faults.append(str(error))
                with environment(self._where):
                    self._file.seek(start)
                    self._file.truncate()
        raise Damaged(said_of_all(faults))

    def _keep_data(self, reader: SparseReader, start: int) -> None:
        """Remove the map from a segment of a sparse stream, so that only the data between holes is left.

        Data only moves towards the front, so nothing is overwritten before it was read.
        """
        read_at = write_at = start
        with environment(self._where):
            while True:
                self._file.seek(read_at)
                piece = self._file.read(_STEP)
                if not piece:
                    break
                read_at += len(piece)
                for _, data in reader.feed(piece):
                    self._file.seek(write_at)
                    self._file.write(data)
                    write_at += len(data)
            self._file.seek(write_at)
            self._file.truncate()

    def _read(self) -> Iterator[bytes]:
        self._file.seek(0)
        while data := self._file.read(_STEP):
            yield data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
