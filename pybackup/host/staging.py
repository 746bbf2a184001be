"""Temporary names, for all of the package: how they are made, published, and cleaned up after a run that was killed.

A run holds a shared ``flock`` on every directory in which it has temporaries. Whoever gets the exclusive lock knows
that no running process, in whatever container, owns what is left there; a pid in the name would not tell that. That a
leftover is one of ours, its name alone could not tell: a name holds random digits, and a hash of them and of the inode
of the directory that it was made in. So nothing that was copied, renamed, unpacked or called like that by somebody is
ever taken for a leftover.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

_T = TypeVar("_T")

_TEMPORARY = re.compile(rb"\.pybackup-([0-9a-f]{16})-([0-9a-f]{16})\.tmp")
_RANDOM_BYTES = 8
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
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


def is_temporary(name: bytes, dir_fd: int) -> bool:
    """Return whether `create` made a name in the directory that is open as ``dir_fd``."""
    return is_made_in(name, os.fstat(dir_fd).st_ino)


def is_made_in(name: bytes, inode: int) -> bool:
    """As `is_temporary`, for the directory with this inode."""
    parts = _TEMPORARY.fullmatch(name)
    return parts is not None and _mark(parts[1], inode) == parts[2]


def _mark(digits: bytes, inode: int) -> bytes:
    """What proves that a name was made for a directory; device numbers change when a disk is plugged in again."""
    return hashlib.sha256(b"pybackup temporary %b %d" % (digits, inode)).hexdigest()[:16].encode()


def create(dir_fd: int, make: Callable[[bytes], _T]) -> tuple[bytes, _T]:
    """Call ``make`` with names for a directory, which nobody can guess, until one is free; return it and the result.

    The caller holds the directory by `claim`.

    Raises
    ------
    OSError
        FileExistsError when somebody takes each name before us; whatever else ``make`` raises.
    """
    inode = os.fstat(dir_fd).st_ino
    for _ in range(_ATTEMPTS):
        digits = os.urandom(_RANDOM_BYTES).hex().encode()
        name = b".pybackup-%b-%b.tmp" % (digits, _mark(digits, inode))
        try:
            return name, make(name)
        except FileExistsError:
            continue
        except BaseException:
            remove(dir_fd, name)  # Ctrl-C may come when it is there already
            raise
    raise FileExistsError(errno.EEXIST, "no temporary name is free")


@contextlib.contextmanager
def temporary_directory(parent: bytes) -> Iterator[bytes]:
    """Yield the path of a new directory that only its owner may enter; it is gone afterwards, with all in it.

    Raises
    ------
    OSError
    """
    dir_fd = open_claimed(parent)
    try:
        name, _ = create(dir_fd, lambda free: os.mkdir(free, 0o700, dir_fd=dir_fd))
        try:
            yield os.path.join(parent, name)
        finally:
            remove(dir_fd, name)
    finally:
        os.close(dir_fd)


def open_new(name: bytes, dir_fd: int) -> int:
    """Create a file of mode 0o600 that did not exist and return its descriptor, open for reading and writing."""
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


def open_claimed(path: bytes) -> int:
    """Open a directory for temporaries, remove what killed runs left there, and `claim` it; the caller closes it.

    Raises
    ------
    OSError
    """
    try:
        dir_fd = os.open(path, _DIRECTORY)
    except PermissionError:
        # Who may write there may yet not look: nothing is cleaned then, nor locked.
        return os.open(path, _DIRECTORY | os.O_PATH)
    claim(dir_fd, clean=True)
    return dir_fd


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
    """Remove everything whose name was made in this directory, and that is ours; what can not be removed stays."""
    inode, user = os.fstat(dir_fd).st_ino, os.geteuid()
    with os.scandir(dir_fd) as entries:
        left = [name for entry in entries if is_made_in(name := os.fsencode(entry.name), inode)]
    for name in left:
        with contextlib.suppress(OSError):
            if user in (0, os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_uid):
                remove(dir_fd, name)


def remove(dir_fd: int, name: bytes) -> None:
    """Remove a temporary, or a directory of them; what is gone or can not be removed is left to the next run."""
    try:
        os.unlink(name, dir_fd=dir_fd)
    except IsADirectoryError:
        shutil.rmtree(name, ignore_errors=True, dir_fd=dir_fd)
    except OSError:
        return


def publish(dir_fd: int, temporary: bytes, name: bytes, *, replace: bool, to_fd: int | None = None) -> None:
    """Give a temporary its final name, in one step.

    Parameters
    ----------
    to_fd
        The directory of that name; None for that of the temporary.

    Raises
    ------
    OSError
        FileExistsError where the name is taken and must not be replaced; the temporary is still there then.
    """
    to_fd = dir_fd if to_fd is None else to_fd
    if replace:
        os.rename(temporary, name, src_dir_fd=dir_fd, dst_dir_fd=to_fd)
        return
    if _renameat2 is not None:
        if not _renameat2(dir_fd, temporary, to_fd, name, _RENAME_NOREPLACE):
            return
        code = ctypes.get_errno()
        if code not in _NO_SUCH_RENAME:
            raise OSError(code, os.strerror(code))
    _publish_by_link(dir_fd, temporary, to_fd, name)


def _publish_by_link(dir_fd: int, temporary: bytes, to_fd: int, name: bytes) -> None:
    """Publish without replacing where the system has no such rename."""
    try:
        os.link(temporary, name, src_dir_fd=dir_fd, dst_dir_fd=to_fd, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
    else:
        remove(dir_fd, temporary)
        return
    # FAT and its like know neither: between the look and the rename another process could put a file there.
    try:
        os.stat(name, dir_fd=to_fd, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(temporary, name, src_dir_fd=dir_fd, dst_dir_fd=to_fd)
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
