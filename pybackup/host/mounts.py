"""What a path is on: a disc, a drive that is mounted there, a directory of this machine."""

from __future__ import annotations

import hashlib
import os
import platform
import stat
from contextlib import suppress

# File systems of discs: what is mounted from them is the disc, wherever it is mounted.
_DISC_SYSTEMS = {b"iso9660", b"udf"}


def identity_of(location: bytes) -> bytes:
    """Return what a directory is known by: the file system of a drive, wherever that is mounted; else machine, path."""
    if os.path.ismount(location):
        device = os.stat(location).st_dev
        with suppress(OSError):
            for link in os.scandir(b"/dev/disk/by-uuid"):
                with suppress(OSError):
                    if link.stat().st_rdev == device:
                        return b"uuid:" + link.name[:59]
    return hashlib.sha256(platform.node().encode() + b"\0" + location).digest()


def capacity_of(location: bytes) -> int | None:
    """Return the size in bytes of the drive that is mounted there; None where none is."""
    if not os.path.ismount(location):
        return None
    room = os.statvfs(location)
    return room.f_frsize * room.f_blocks


def is_on_disc(path: bytes) -> bool:
    """Return whether a path is a drive, or lies on a disc that is mounted."""
    status = os.stat(path)
    if stat.S_ISBLK(status.st_mode):
        return True
    with suppress(OSError), open("/proc/self/mountinfo", "rb") as mounts:
        for line in mounts:
            fields, _, behind = line.partition(b" - ")
            major, _, minor = fields.split()[2].partition(b":")
            if os.makedev(int(major), int(minor)) == status.st_dev:
                return behind.split()[0] in _DISC_SYSTEMS
    return False
