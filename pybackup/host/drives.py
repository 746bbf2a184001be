"""Why a drive cannot be opened, in words that say what to check instead of the system's own."""

from __future__ import annotations

import errno
import os
import stat

ABSENT = "no such drive: 'ls /dev/sr*' shows which there are; is it connected, and switched on?"
# Linux has it, others have not.
_NO_MEDIUM = getattr(errno, "ENOMEDIUM", -1)
_DEVICES = b"/dev/"


def why_not_opened(path: bytes, error: OSError) -> str:
    """Return why a file or drive could not be opened, for the user; of a drive with what to check."""
    if error.errno == errno.ENOENT:
        return ABSENT if path.startswith(_DEVICES) else "no such file"
    if not _is_device(path):
        return error.strerror or str(error)
    name = os.fsdecode(path)
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"no permission: 'ls -l {name}' shows which group may use this drive, often cdrom; join it, or be root"
    if error.errno == _NO_MEDIUM:
        return "no disc is in the drive, or none that it can read; put one in, and give it time to start"
    if error.errno in (errno.ENXIO, errno.ENODEV):
        return ABSENT
    return error.strerror or str(error)


def why_no_drive(path: bytes) -> str:
    """Return why nothing can be written with what should be a drive; empty if there is one that may be used."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return ABSENT if isinstance(error, FileNotFoundError) else why_not_opened(path, error)
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return f"is no drive; to try it out with a file, write stdio:{os.fsdecode(path)}"
    if not os.access(path, os.R_OK | os.W_OK):
        return why_not_opened(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    return ""


def _is_device(path: bytes) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return path.startswith(_DEVICES)
    return stat.S_ISBLK(mode) or stat.S_ISCHR(mode)
