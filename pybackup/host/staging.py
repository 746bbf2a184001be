"""Temporary names in a directory: how they are made, published, and cleaned up after a run that was killed.

A run holds a shared ``flock`` on every directory in which it has temporaries. Whoever gets the exclusive lock knows
that no running process, in whatever container, owns what is left there; a pid in the name would not tell that.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeVar

_T = TypeVar("_T")

_TEMPORARY = re.compile(rb"\.pybackup-[0-9a-f]{16}\.tmp")
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ATTEMPTS = 100

_RENAME_NOREPLACE = 1
# What file systems and kernels say that do not know the flag.
_NO_SUCH_RENAME = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})

_Rename = Callable[[int, bytes, int, bytes, int], int]


def _find_renameat2() -> _Rename | None:
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return function


_renameat2 = _find_renameat2()


def is_temporary(name: bytes) -> bool:
    """Return whether a name is one of those `temporary_names` gives."""
    return _TEMPORARY.fullmatch(name) is not None


def temporary_names() -> Iterator[bytes]:
    """Yield names that no other run yields: ``.pybackup-`` with 16 hexadecimal digits and ``.tmp``."""
    token = os.urandom(4).hex().encode()
    for number in count():
        yield b".pybackup-%s%08x.tmp" % (token, number & 0xFFFFFFFF)


def create(names: Iterator[bytes], make: Callable[[bytes], _T]) -> tuple[bytes, _T]:
    """Call ``make`` with names until one is free; return that name and the result.

    Raises
    ------
    OSError
        FileExistsError when somebody takes each name before us; whatever else ``make`` raises.
    """
    for _ in range(_ATTEMPTS):
        name = next(names)
        try:
            return name, make(name)
        except FileExistsError:
            continue
    raise FileExistsError(errno.EEXIST, "no temporary name is free")


def open_new(name: bytes, dir_fd: int) -> int:
    """Create a file of mode 0o600 that did not exist and return its descriptor, open for writing."""
    return os.open(name, _NEW_FILE, 0o600, dir_fd=dir_fd)


def write_at(fd: int, offset: int, data: bytes | memoryview) -> None:
    """Write all of the data at an offset in bytes.

    Raises
    ------
    OSError
    """
    written = os.pwrite(fd, data, offset)
    if written < len(data):
        rest = memoryview(data)
        while written < len(rest):
            written += os.pwrite(fd, rest[written:], offset + written)


def claim(dir_fd: int, *, clean: bool) -> None:
    """Lock a directory against the cleaning of others for as long as the descriptor or a copy of it is open.

    With ``clean``, what a killed run left is removed, if no other process holds the directory.
    """
    if clean and _lock(dir_fd, fcntl.LOCK_EX):
        remove_leftovers(dir_fd)
    # Somebody who cleans is done at once. Somebody who keeps the lock for ever may not stop us: then the worst is a
    # temporary removed under us, which fails the rename and is reported.
    for _ in range(_ATTEMPTS):
        if _lock(dir_fd, fcntl.LOCK_SH):
            return
        time.sleep(0.01)


def remove_leftovers(dir_fd: int) -> None:
    """Remove everything of a temporary name, but directories; what can not be removed stays."""
    with os.scandir(dir_fd) as entries:
        left = [name for entry in entries if is_temporary(name := os.fsencode(entry.name))]
    for name in left:
        remove(dir_fd, name)


def remove(dir_fd: int, name: bytes) -> None:
    """Remove a temporary; one that is gone or can not be removed is left to the next run."""
    try:
        os.unlink(name, dir_fd=dir_fd)
    except OSError:
        return


def publish(dir_fd: int, temporary: bytes, name: bytes, *, replace: bool) -> None:
    """Give a temporary its final name, in one step.

    Raises
    ------
    OSError
        FileExistsError where the name is taken and must not be replaced; the temporary is still there then.
    """
    if replace:
        os.rename(temporary, name, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
        return
    if _renameat2 is not None:
        if not _renameat2(dir_fd, temporary, dir_fd, name, _RENAME_NOREPLACE):
            return
        code = ctypes.get_errno()
        if code not in _NO_SUCH_RENAME:
            raise OSError(code, os.strerror(code))
    _publish_by_link(dir_fd, temporary, name)


def _publish_by_link(dir_fd: int, temporary: bytes, name: bytes) -> None:
    """Publish without replacing where the system has no such rename."""
    try:
        os.link(temporary, name, src_dir_fd=dir_fd, dst_dir_fd=dir_fd, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
    else:
        remove(dir_fd, temporary)
        return
    # FAT and its like know neither: between the look and the rename another process could put a file there.
    try:
        os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(temporary, name, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _lock(fd: int, how: int) -> bool:
    """Try to lock; a file system without locks counts as unlocked for cleaning and as locked for writing."""
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return how == fcntl.LOCK_SH
    return True
