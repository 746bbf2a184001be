"""What stands in the place of an entry already, and stays there by the rules of what is replaced."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack

from pybackup.errors import Refused
from pybackup.host.beneath import split_path
from pybackup.model.entry import Entry, Kind

from .site import Site

_FORMATS = {
    Kind.FILE: stat.S_IFREG,
    Kind.SYMLINK: stat.S_IFLNK,
    Kind.HARDLINK: stat.S_IFREG,
    Kind.FIFO: stat.S_IFIFO,
    Kind.CHARACTER: stat.S_IFCHR,
    Kind.BLOCK: stat.S_IFBLK,
}
# What is a file when it is looked at may be a FIFO when it is opened.
_STEP = 1 << 20
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_standing(site: Site, entry: Entry) -> int | None:
    """Return a descriptor, for reading, of the file of the entry's length in its place; None where there is none."""
    try:
        found = _look(site, entry)
        if found is None or found[2].st_size != entry.size:
            return None
        dir_fd, name, there = found
        fd = os.open(name, _FLAGS, dir_fd=dir_fd)
    except (OSError, Refused):
        return None
    if os.path.samestat(os.fstat(fd), there):
        return fd
    os.close(fd)
    return None


def is_standing(site: Site, entry: Entry) -> bool:
    """Return whether an entry without content is in its place: its metadata may differ."""
    try:
        found = _look(site, entry)
        if found is None:
            return False
        dir_fd, name, there = found
        if entry.kind is Kind.SYMLINK:
            return os.readlink(name, dir_fd=dir_fd) == entry.target
        if entry.kind is Kind.HARDLINK:
            if entry.target in site.unplaced:
                return False
            parent, original = split_path(entry.target)
            original_fd = os.dup(site.tree.enter(parent).fd)
            try:
                other = os.stat(original, dir_fd=original_fd, follow_symlinks=False)
                if os.path.samestat(there, other):
                    return True
                # A copy, which has what the link would have.
                return same_bytes((site.tree.enter(entry.parent).fd, name), (original_fd, original))
            finally:
                os.close(original_fd)
        device = (os.major(there.st_rdev), os.minor(there.st_rdev))
        return entry.kind is Kind.FIFO or device == entry.device
    except (OSError, Refused):
        return False


def same_bytes(one: tuple[int, bytes], other: tuple[int, bytes]) -> bool:
    """Return whether two regular files, each by its directory and name, have the same content; False if unreadable."""
    with ExitStack() as stack:
        pair = []
        try:
            for dir_fd, name in (one, other):
                pair.append(os.open(name, _FLAGS, dir_fd=dir_fd))
                stack.callback(os.close, pair[-1])
            there, here = map(os.fstat, pair)
            if not (stat.S_ISREG(there.st_mode) and stat.S_ISREG(here.st_mode)) or there.st_size != here.st_size:
                return False
            steps = range(0, here.st_size, _STEP)
            return all(os.pread(pair[0], _STEP, at) == os.pread(pair[1], _STEP, at) for at in steps)
        except OSError:
            return False


def _look(site: Site, entry: Entry) -> tuple[int, bytes, os.stat_result] | None:
    """Where what is of the entry's kind stands and is not replaced: directory, name, status."""
    parent, name = split_path(entry.path)
    if parent in site.made and entry.kind is Kind.FILE:
        # The second of two entries of one path is refused when it is published.
        return None
    level = site.tree.enter(parent)
    try:
        site.check_vacant(entry, level, name)
    except FileExistsError:
        there = os.stat(name, dir_fd=level.fd, follow_symlinks=False)
        return (level.fd, name, there) if stat.S_IFMT(there.st_mode) == _FORMATS.get(entry.kind) else None
    return None
