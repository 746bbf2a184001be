"""The hash of a file as it lies somewhere."""

from __future__ import annotations

import errno
import hashlib
import os
import stat

from .paths import open_at

_CHUNK = 1 << 20


def hash_file(path: bytes) -> bytes:
    """Return the SHA-256 of a file.

    Raises
    ------
    OSError
        It cannot be read, or is no regular file.
    """
    digest = hashlib.sha256()
    above, dots, below = path.rpartition(b"/../")
    if dots:  # of a directory that somebody named so; below that no link is followed
        path = os.path.join(os.path.realpath(above + dots), below)
    # What has become a pipe meanwhile must not be waited for.
    with open(open_at(None, path, os.O_RDONLY | os.O_NONBLOCK, nofollow=True), "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "is no regular file any more")
        while data := file.read(_CHUNK):
            digest.update(data)
    return digest.digest()
