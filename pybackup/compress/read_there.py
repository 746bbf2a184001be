"""Reading bytes of an archive in full, or an error that says why they cannot be had."""

from __future__ import annotations

import errno

from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile


def read_there(file: ArchiveFile, offset: int, count: int) -> bytes:
    """Return so many bytes from an offset on.

    Raises
    ------
    Damaged
        The archive ends before, or its medium cannot be read there, or is not here.
    """
    try:
        data = file.read_at(offset, count) if offset + count <= file.size else b""
    except OSError as error:
        if error.errno == errno.ENOMEDIUM:
            # On a volume that is not here, as the error says.
            raise Damaged(error.strerror or "it is not here") from error
        raise Damaged(f"the archive cannot be read there: {error.strerror}") from error
    if len(data) != count:
        raise Damaged("the archive ends before it")
    return data
