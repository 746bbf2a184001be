"""Copying a disc off its drive, so that the drive is free for the next."""

from __future__ import annotations

import os

from pybackup.host.output import Output
from pybackup.host.room import check_room
from pybackup.host.storage import ArchiveFile
from pybackup.monitor import Monitor
from pybackup.sector import SECTOR

_STEP_BYTES = 1 << 20


def copy_off(path: bytes, copy: bytes, label: str, monitor: Monitor) -> None:
    """Copy all that can be read of a disc; zeros stand for the rest, which parity may restore.

    Parameters
    ----------
    path
        The device file of the drive, or an image.
    copy
        The file to write, a sparse one: zeros take no space in it.
    label
        The name of the disc, for messages.

    Raises
    ------
    EnvironmentFailed
        The copy cannot be written, for want of room before anything is.
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
