"""Free space on file systems, checked before anything is written."""

from __future__ import annotations

import os

from pybackup.errors import EnvironmentFailed


def check_room(directories: set[bytes], n_bytes: int) -> None:
    """Check that a file of ``n_bytes`` can be written in each of the directories.

    Raises
    ------
    EnvironmentFailed
        So many bytes are not free.
    """
    for directory in sorted(directories):
        free = _free_bytes(directory)
        if free is not None and free < n_bytes:
            raise EnvironmentFailed(
                f"{os.fsdecode(directory)}: {n_bytes:,} bytes are needed there, and {free:,} are free; "
                "free some space there, write elsewhere, or ask for less parity"
            )


def _free_bytes(directory: bytes) -> int | None:
    """What may be written there; None where nobody can tell."""
    try:
        room = os.statvfs(directory)
    except OSError:
        # Whoever writes there says what is wrong.
        return None
    # Some network file systems tell of no blocks at all.
    return room.f_frsize * (room.f_bavail if os.geteuid() else room.f_bfree) if room.f_blocks else None
