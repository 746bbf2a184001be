"""Reading images of discs with an ISO 9660 file system."""

from __future__ import annotations

import os
from typing import IO

from pybackup.layout.iso9660_tree import files_of_image

from .look import Broken, Inside

_CHUNK = 1 << 20


def read_iso(file: IO[bytes], inside: Inside) -> None:
    """Give the entries of an image to ``inside``; a file that cannot be read is given without its content."""
    source = _At(file)
    try:
        for found in files_of_image(source):
            content = inside.meet(found.path, found.kind, found.size, found.mtime_ns, found.mode)
            if content is None:
                continue
            try:
                with content:
                    for offset, n_bytes in found.extents:
                        for at in range(offset, offset + n_bytes, _CHUNK):
                            content.write(source.read_at(at, min(_CHUNK, offset + n_bytes - at)))
            except (OSError, Broken) as error:
                inside.damaged(os.fsdecode(found.path), error)
    except ValueError as error:
        raise Broken(str(error)) from error


class _At:
    """A file that can be read at any offset."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read_at(self, offset: int, count: int, /) -> bytes:
        self._file.seek(offset)
        return self._file.read(count)
