"""Measurements of volumes for recovery: length and hash of a data volume's body, the header of a recovery volume."""

from __future__ import annotations

import hashlib

from pybackup.container.read import read_exactly, read_locator
from pybackup.container.skeleton import own_members
from pybackup.errors import Damaged
from pybackup.host.storage import ArchiveFile
from pybackup.layout import names
from pybackup.layout.recovery import Body, RecoveryHeader, size_of
from pybackup.monitor import Monitor
from pybackup.sector import SECTOR

from .find import Volume

_STEP_BYTES = 1 << 20


def measure(volume: Volume, monitor: Monitor) -> Body:
    """Return the id, length in bytes and SHA-256 of a data volume's body, by reading all of it.

    Raises
    ------
    Damaged
        Its first header is damaged.
    OSError
        The medium cannot be read.
    """
    with volume.open() as file:
        locator = read_locator(file)
        if locator is None or locator.file_bytes > file.size:
            raise Damaged(f"{volume.name}: is damaged; repair it first")
        return Body(locator.archive_id, locator.file_bytes, hash_of(file, locator.file_bytes, monitor))


def hash_of(file: ArchiveFile, n_bytes: int, monitor: Monitor, *, start: int = 0) -> bytes:
    """Return the SHA-256 of ``n_bytes`` of a file, from the offset ``start``.

    Raises
    ------
    Damaged
        The file is too short.
    OSError
        The medium cannot be read.
    """
    digest = hashlib.sha256()
    for at in range(start, start + n_bytes, _STEP_BYTES):
        data = read_exactly(file, at, min(_STEP_BYTES, start + n_bytes - at))
        digest.update(data)
        monitor.advance(0, len(data))
    return digest.digest()


def header_of(volume: Volume) -> RecoveryHeader:
    """Return the header of an intact recovery volume.

    Raises
    ------
    Damaged, Refused
        It is not intact, or of a form that is not known.
    """
    with volume.open() as file:
        places = own_members(file, volume.listing)
        if names.RECOVERY not in places:
            raise Damaged(f"{volume.name}: a recovery volume without a shard")
        start = places[names.RECOVERY][0]
        start += -start % SECTOR
        return RecoveryHeader.unpack(file.read_at(start, size_of(file.read_at(start, SECTOR))))
