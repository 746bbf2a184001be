"""Hashing what was entered without its contents being read; what an interruption leaves, the next run goes on with."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.hashes import Unhashed, set_hashes, unhashed
from pybackup.host.paths import lstat_at, open_at
from pybackup.model.filed import Medium
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

_CHUNK = 1 << 20
# What is written at once: little is lost where the run ends here, and nobody waits long.
_BATCH_FILES = 1000
_BATCH_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Hashed:
    """How many files were hashed, of how many bytes."""

    files: int = 0
    n_bytes: int = 0


def hash_contents(catalogue: Catalogue, medium: Medium, where: bytes, monitor: Monitor) -> Hashed:
    """Hash the files of a medium that have no hash yet; each that cannot be read, or changed, is a problem.

    Parameters
    ----------
    where
        The directory in which its files are.
    """
    files = n_bytes = after = 0
    monitor.begin("hashing", 0, 0)
    while found := unhashed(catalogue, medium.volume, after=after, most=_BATCH_FILES):
        hashes: list[tuple[int, bytes]] = []
        size = 0
        for file in found:
            after = file.id
            monitor.working_on(file.path)
            digest = _hash(where, file, monitor)
            if digest is not None:
                hashes.append((file.id, digest))
                size += file.size
            monitor.advance(1, file.size)
            if size >= _BATCH_BYTES:
                break
        set_hashes(catalogue, hashes)
        files, n_bytes = files + len(hashes), n_bytes + size
    monitor.end()
    return Hashed(files, n_bytes)


def hash_file(path: bytes) -> bytes:
    """Return the SHA-256 of a file.

    Raises
    ------
    OSError
        It cannot be read, or is no regular file.
    """
    digest = hashlib.sha256()
    # What has become a pipe meanwhile must not be waited for.
    with open(open_at(None, path, os.O_RDONLY | os.O_NONBLOCK, nofollow=True), "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "is no regular file any more")
        while data := file.read(_CHUNK):
            digest.update(data)
    return digest.digest()


def _hash(where: bytes, file: Unhashed, monitor: Monitor) -> bytes | None:
    path = os.path.join(where, file.path)
    try:
        digest = hash_file(path)
        status = lstat_at(path)
    except OSError as error:
        monitor.problem(Problem(file.path, Trouble.UNREADABLE, error.strerror or str(error)))
        return None
    if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns):
        monitor.problem(Problem(file.path, Trouble.CHANGED, "changed since it was entered; add the medium again"))
        return None
    return digest
