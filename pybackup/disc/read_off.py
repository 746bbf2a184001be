"""Copying a disc to a file, so that the drive is free for the next disc."""

from __future__ import annotations

import os

from pybackup.host.output import Output
from pybackup.host.room import check_room
from pybackup.host.storage import ArchiveFile
from pybackup.monitor import Monitor
from pybackup.sector import SECTOR

_STEP_BYTES = 1 << 20


def copy_off(path: bytes, copy: bytes, label: str, monitor: Monitor) -> None:
    """Copy all readable sectors of a disc to a file; unreadable ones become zeros, which parity may restore later.

    The monitor is told how many sectors could not be read.

    Parameters
    ----------
    path
        The device file of the drive, or an image.
    copy
        The file to write. It is sparse: zeros take no disk space.
    label
        The name of the disc, for messages.

    Raises
    ------
    EnvironmentFailed
        The disc cannot be opened, or the copy cannot be written. A lack of room is found before anything is written.
    """
    with ArchiveFile(path) as disc, Output(copy) as output:
        check_room({os.path.dirname(copy) or b"."}, disc.size)
        monitor.begin(f"copy {label}", 0, disc.size)
        output.truncate(disc.size)
        lost = 0
        for start in range(0, disc.size, _STEP_BYTES):
            count = min(_STEP_BYTES, disc.size - start)
            try:
                data = disc.read_at(start, count)
            except OSError:
                data = disc.read_what_is_left(start, count)
                lost += sum(not any(data[at : at + SECTOR]) for at in range(0, count, SECTOR))
            if any(data):
                output.write_at(start, data)
            monitor.advance(0, count)
        monitor.end()
        output.publish()
    if lost:
        monitor.note(f"{label}: {lost:,} sectors cannot be read")
