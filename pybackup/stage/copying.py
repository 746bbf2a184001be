"""Copying a file for the open disc, with its hash; where the file system can, the copy shares the file's blocks."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
from contextlib import suppress
from typing import NamedTuple

from pybackup.host.hash_file import hash_file
from pybackup.host.paths import open_regular
from pybackup.host.temporaries import create, open_new, publish, remove
from pybackup.host.write_at import write_at

_FICLONE = 0x40049409  # linux/fs.h: both files share their blocks until one is written to
_CHUNK = 1 << 20


class CopiedFile(NamedTuple):
    """A finished copy: its temporary name, its SHA-256, and the status of the source, the same before and after."""

    temporary: bytes
    sha256: bytes
    status: os.stat_result


def copy_file(source: bytes, dir_fd: int) -> CopiedFile | None:
    """Copy a regular file or a symbolic link to a temporary name; return None if it changed meanwhile.

    Mode, times and extended attributes are copied, the owner if that is allowed. Give the copy its name by
    `place_copy`, or remove it by `pybackup.host.temporaries.remove`.

    Parameters
    ----------
    dir_fd
        The directory for the copy, claimed by the caller (`pybackup.host.temporaries.claim`).

    Raises
    ------
    OSError
        The file cannot be read, or the copy cannot be written.
    """
    before = os.stat(source, follow_symlinks=False)
    if stat.S_ISLNK(before.st_mode):
        target = os.readlink(source)
        name, _ = create(dir_fd, lambda free: os.symlink(target, free, dir_fd=dir_fd))
        sha256 = hashlib.sha256(target).digest()
    else:
        name, fd = create(dir_fd, lambda free: open_new(free, dir_fd))
        try:
            sha256 = _copy_content(source, fd)
        except BaseException:
            remove(dir_fd, name)
            raise
        finally:
            os.close(fd)
    try:
        _dress(source, name, dir_fd, before)
        after = os.stat(source, follow_symlinks=False)
    except BaseException:
        remove(dir_fd, name)
        raise
    if version_of(after) != version_of(before):
        remove(dir_fd, name)
        return None
    return CopiedFile(name, sha256, after)


def place_copy(copied: CopiedFile, path: bytes, dir_fd: int) -> None:
    """Give a copy its path below the directory, in place of a file there. The directories on the way must exist.

    Raises
    ------
    OSError
    """
    above = os.open(os.path.dirname(path) or b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        publish(dir_fd, copied.temporary, os.path.basename(path), replace=True, to_fd=above)
    finally:
        os.close(above)


def version_of(status: os.stat_result) -> tuple[int, ...]:
    """Return values that change when a file is written to, or another file takes its place."""
    return status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def hash_of(path: bytes, status: os.stat_result) -> bytes:
    """Return the SHA-256 of a file's content, or of the path that a symbolic link holds."""
    return hashlib.sha256(os.readlink(path)).digest() if stat.S_ISLNK(status.st_mode) else hash_file(path)


def _copy_content(source: bytes, fd: int) -> bytes:
    digest = hashlib.sha256()
    reading = open_regular(None, source)
    try:
        shared = False
        with suppress(OSError):
            fcntl.ioctl(fd, _FICLONE, reading)
            shared = True
        # A copy that shares blocks is read itself, as its content is what goes onto the disc.
        offset = 0
        while data := os.pread(fd if shared else reading, _CHUNK, offset):
            digest.update(data)
            if not shared:
                write_at(fd, offset, data)
            offset += len(data)
    finally:
        os.close(reading)
    return digest.digest()


def _dress(source: bytes, name: bytes, dir_fd: int, status: os.stat_result) -> None:
    with suppress(PermissionError):
        os.chown(name, status.st_uid, status.st_gid, dir_fd=dir_fd, follow_symlinks=False)
    shutil.copystat(source, b"/proc/self/fd/%d/%b" % (dir_fd, name), follow_symlinks=False)
