"""Temporary names, for all of the package: how they are made, published, and cleaned up after a run that was killed.

A run holds a shared ``flock`` on every directory in which it has temporaries. Whoever gets the exclusive lock knows
that no running process, in whatever container, owns what is left there; a pid in the name would not tell that. That a
leftover is one of ours, its name alone could not tell: a name holds random digits, and a hash of them and of the inode
of the directory that it was made in. So nothing that was copied, renamed, unpacked or called like that by somebody is
ever taken for a leftover.

What this process has under such a name is known here as long as it is, so that no way to end leaves it behind: not a
signal, not an interruption that an exception brings between two instructions.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from pyactivity.ending import before_end

from .give_name import give_name
from .locks import try_lock

_T = TypeVar("_T")

_TEMPORARY = re.compile(rb"\.pybackup-([0-9a-f]{16})-([0-9a-f]{16})\.tmp")
_RANDOM_BYTES = 8
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_ATTEMPTS = 100

# The temporaries of this process: a descriptor of ours for the directory of each, and, of what was put aside, the name
# that it had there.
_unfinished: dict[bytes, tuple[int, bytes]] = {}
# Held while one is made: whoever removes them all waits for that, and lets none be made afterwards.
_making = threading.RLock()


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
        with _making:
            _unfinished[name] = os.dup(dir_fd), b""
            try:
                return name, make(name)
            except FileExistsError:
                forget(name)
                continue
            except BaseException:
                remove(dir_fd, name)  # an interruption may come when it is there already
                raise
    raise FileExistsError(errno.EEXIST, "no temporary name is free")


def put_aside(dir_fd: int, name: bytes) -> bytes:
    """Rename what something else is to take the place of, and return its name: `put_back` or `remove` ends that.

    The caller holds the directory by `claim`.

    Raises
    ------
    OSError
    """
    aside, _ = create(dir_fd, lambda free: None)
    _unfinished[aside] = _unfinished[aside][0], name
    try:
        publish(dir_fd, name, aside, replace=False)
    except BaseException:
        put_back(dir_fd, aside, name)
        raise
    return aside


def put_back(dir_fd: int, aside: bytes, name: bytes) -> None:
    """Give what was put aside its name back; where something else has that, it stays aside as long as this process."""
    with contextlib.suppress(OSError):
        publish(dir_fd, aside, name, replace=False)


def forget(temporary: bytes) -> None:
    """Leave a temporary where it is, whatever becomes of this process."""
    held, _ = _unfinished.pop(temporary, (-1, b""))
    if held >= 0:
        os.close(held)


def remove_all() -> None:
    """Leave nothing of what this process has under temporary names; none can be made any more by another thread."""
    _making.acquire()
    for temporary, (dir_fd, name) in list(_unfinished.items()):
        if name:
            put_back(dir_fd, temporary, name)
        if not name or _is_there(dir_fd, name):
            remove(dir_fd, temporary)


def _is_there(dir_fd: int, name: bytes) -> bool:
    try:
        os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    except OSError:
        return False
    return True


def _begin_anew() -> None:
    """In a process that was forked: what the other makes is not ours."""
    global _making
    _making = threading.RLock()
    for temporary in list(_unfinished):
        forget(temporary)


os.register_at_fork(after_in_child=_begin_anew)
before_end(remove_all)
atexit.register(remove_all)


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
    try:
        claim(dir_fd, clean=True)
    except BaseException:
        # Left open, it would keep others from the directory for as long as this process lives.
        os.close(dir_fd)
        raise
    return dir_fd


def claim(dir_fd: int, *, clean: bool) -> None:
    """Lock a directory against the cleaning of others for as long as the descriptor or a copy of it is open.

    With ``clean``, what a killed run left is removed, if no other process holds the directory.
    """
    if clean and _lock(dir_fd, shared=False):
        remove_leftovers(dir_fd)
    # Somebody who cleans is done at once. Somebody who keeps the lock for ever may not stop us: then the worst is a
    # temporary removed under us, which fails the rename and is reported.
    for _ in range(_ATTEMPTS):
        if _lock(dir_fd, shared=True):
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
        pass
    forget(name)


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
    give_name(dir_fd, temporary, name, dir_fd if to_fd is None else to_fd, replace=replace)
    forget(temporary)


def _lock(fd: int, *, shared: bool) -> bool:
    """Try to lock; a file system without locks counts as unlocked for cleaning and as locked for writing."""
    try:
        return try_lock(fd, shared=shared)
    except OSError:
        return shared
