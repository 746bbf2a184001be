"""What is on a medium before it is burnt: nothing, volumes of this program, or other data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from pybackup.archive.find import volumes_in
from pybackup.errors import PybackupError
from pybackup.host.storage import ArchiveFile

_ENDS_BYTES = 1 << 20
_SAMPLES = 32
_SAMPLE_BYTES = 1 << 15


@dataclass(frozen=True, slots=True)
class OnMedium:
    """What is on a medium, as far as it can be read.

    Attributes
    ----------
    is_written
        Whether anything but zeros was found.
    label
        The labels of the volumes on it, as shown to people; empty if this program did not make the disc.
    archive_ids
        The ids of these volumes.
    """

    is_written: bool
    label: str = ""
    archive_ids: frozenset[bytes] = frozenset()


def on_medium(path: bytes) -> OnMedium:
    """Return what is on a medium, judged by its content: a drive may call a disc blank that another drive wrote.

    Unreadable sectors count as empty, as no sector of a blank disc can be read.

    Parameters
    ----------
    path
        The device file of the drive.
    """
    try:
        with ArchiveFile(path) as medium:
            if not any(any(data) for data in _samples(medium)):
                return OnMedium(False)
    except PybackupError:
        # There is no readable medium; or the drive is emulated by a file that does not exist yet.
        return OnMedium(False)
    try:
        return OnMedium(True, *_volumes(path))
    except (PybackupError, OSError):
        return OnMedium(True)


def archive_ids_in(path: bytes) -> frozenset[bytes]:
    """Return the ids of the volumes in an image."""
    return _volumes(path)[1]


def _volumes(path: bytes) -> tuple[str, frozenset[bytes]]:
    found = list(volumes_in(path))
    labels = (volume.info.label if volume.info else os.fsdecode(os.path.basename(volume.path)) for volume in found)
    return ", ".join(labels), frozenset(volume.listing.archive_id for volume in found)


def _samples(medium: ArchiveFile) -> Iterator[bytes]:
    """Yield the readable ones of samples at the start, at the end and in between."""
    size = medium.size
    between = ((size * number // _SAMPLES, _SAMPLE_BYTES) for number in range(1, _SAMPLES))
    for start, count in ((0, _ENDS_BYTES), (max(0, size - _ENDS_BYTES), _ENDS_BYTES), *between):
        try:
            yield medium.read_at(start, count)
        except OSError:
            continue
