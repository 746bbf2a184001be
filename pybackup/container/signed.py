"""The signatures of large files in an archive, found by their headers."""

from __future__ import annotations

import hashlib

from pybackup.host.storage import ArchiveFile
from pybackup.layout import names
from pybackup.model.listing import Listing

from .own_files import own_files
from .read import read_exactly

_MOST_BYTES = 16 << 20


def signature_in(file: ArchiveFile, listing: Listing, digest: bytes) -> bytes | None:
    """Return what an archive holds as the signature of the content with that SHA-256; None if there is none, or damage.

    Raises
    ------
    FormatError, OSError
        It cannot be read.
    """
    name = names.SIGNATURE % digest.hex().encode()
    for own in own_files(file, listing):
        if own.path == name and own.n_bytes <= _MOST_BYTES:
            data = read_exactly(file, own.offset, own.n_bytes)
            if hashlib.sha256(data).digest() == own.digest:
                return data
    return None
