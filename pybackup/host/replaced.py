"""Replacing what is of another kind, as a directory by a file: it is put aside, and removed when that is in place."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from pybackup.model.display import display

from .beneath import Beneath
from .temporaries import forget, put_aside, put_back

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def replaced(dir_fd: int, name: bytes) -> Iterator[None]:
    """Have what stands under a name in a directory out of the way, a directory with all in it; it goes afterwards.

    It is back where the block raises. The caller holds the directory by `pybackup.host.temporaries.claim`.

    Raises
    ------
    OSError
        It cannot be put aside; or a file system is mounted in it, whose content is nobody's to remove here.
    """
    is_directory = stat.S_ISDIR(os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_mode)
    if is_directory:
        _refuse_mounts(dir_fd, name)
    # A killed run leaves a temporary, which the next one removes.
    aside = put_aside(dir_fd, name)
    try:
        yield
    except BaseException:
        put_back(dir_fd, aside, name)
        raise
    try:
        if is_directory:
            _remove_tree(dir_fd, aside)
        else:
            os.unlink(aside, dir_fd=dir_fd)
    except OSError as error:
        forget(aside)
        said = f"it is in its place, but what stood there is left as {display(aside)}: {error.strerror}"
        raise OSError(error.errno, said) from error
    forget(aside)


def _refuse_mounts(dir_fd: int, name: bytes) -> None:
    with _below(dir_fd, name) as tree:
        own = _mount_of(tree.enter(b"").fd)
        for path in _directories(tree):
            if _mount_of(tree.enter(path).fd) != own:
                raise OSError(errno.EBUSY, "a file system is mounted in the directory that stands there")


def _remove_tree(dir_fd: int, name: bytes) -> None:
    with _below(dir_fd, name) as tree:
        tree.open_up()
        for path in list(_directories(tree, open_up=True))[::-1]:
            level = tree.enter(path)
            with os.scandir(level.fd) as entries:
                names = [(os.fsencode(entry.name), entry.is_dir(follow_symlinks=False)) for entry in entries]
            for each, is_directory in names:
                (os.rmdir if is_directory else os.unlink)(each, dir_fd=level.fd)
    os.rmdir(name, dir_fd=dir_fd)


@contextmanager
def _below(dir_fd: int, name: bytes) -> Iterator[Beneath]:
    fd = os.open(name, _DIRECTORY, dir_fd=dir_fd)
    try:
        with Beneath(b"/proc/self/fd/%d" % fd) as tree:
            yield tree
    finally:
        os.close(fd)


def _directories(tree: Beneath, *, open_up: bool = False) -> Iterator[bytes]:
    """All directories of a tree, each before those in it: links lead nowhere, and any depth is within reach."""
    left = [b""]
    while left:
        path = left.pop()
        yield path
        level = tree.enter(path)
        if open_up:
            tree.open_up()
        with os.scandir(level.fd) as entries:
            names = [os.fsencode(entry.name) for entry in entries if entry.is_dir(follow_symlinks=False)]
        left += [path + b"/" + each if path else each for each in names]


def _mount_of(fd: int) -> bytes:
    """Which mount a directory is on; two of one file system are two."""
    with open(b"/proc/self/fdinfo/%d" % fd, "rb") as lines:
        return next((line for line in lines if line.startswith(b"mnt_id:")), b"")
