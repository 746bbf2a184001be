"""Hashing files that were entered without hashes; an interrupted run is continued by the next one."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.hashes import Unhashed, set_hashes, unhashed, unhashed_totals
from pybackup.host.hash_file import hash_file
from pybackup.host.paths import lstat_at
from pybackup.model.catalogued import Medium
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor, Phase

# How much is committed at a time: little is lost if the run is interrupted, and other users do not wait long.
_HASH = "hash"
_BATCH_FILES = 1000
_BATCH_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Hashed:
    """The number of files that were hashed, and their length in bytes."""

    files: int = 0
    n_bytes: int = 0


def phase_of_hashing(n_bytes: int) -> Phase:
    """Return the phase of hashing ``n_bytes`` bytes, for `Monitor.plan`."""
    return Phase(_HASH, n_bytes)


def hash_contents(catalogue: Catalogue, medium: Medium, where: bytes, monitor: Monitor) -> Hashed:
    """Hash the files of a medium that have no hash yet; files that changed or cannot be read are problems.

    Parameters
    ----------
    where
        The directory with the files of the medium.
    """
    files = n_bytes = after = 0
    monitor.begin(_HASH, *unhashed_totals(catalogue, medium.volume))
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
