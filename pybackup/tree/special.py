"""Entries without content: symbolic and hard links, FIFOs and devices."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import BinaryIO

from pybackup.errors import Refused
from pybackup.host.beneath import Beneath, Level, split_path
from pybackup.host.metadata import OwnerNames, entry_from_stat, read_xattrs
from pybackup.host.paths import open_regular
from pybackup.host.temporaries import create, open_new, remove
from pybackup.model.display import display
from pybackup.model.entry import Entry, Kind
from pybackup.model.problem import Problem, Trouble

from .site import Site

_COPY_BYTES = 1 << 18

_Make = Callable[[bytes], None]
# Another file system, none that has hard links, or as many links as there can be.
_NO_LINK_POSSIBLE = frozenset({errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class Specials:
    """Places them in a site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        # What hard links link to lies elsewhere: a chain of its own spares walking to and fro.
        self._sources: Beneath | None = None

    def place(self, entry: Entry) -> None:
        """Create the entry, restore its metadata, give it its name.

        Raises
        ------
        Refused, OSError
            It can not be placed, and nothing is left of it.
        """
        site = self._site
        level, name = site.open_parent(entry)
        temporary, _ = create(level.fd, self._maker(entry, level.fd))
        try:
            if entry.kind is not Kind.HARDLINK:
                self._dress(entry, level, temporary)
            site.publish(level.fd, temporary, name)
        except BaseException:
            remove(level.fd, temporary)
            raise
        if entry.kind is Kind.HARDLINK:
            # A rename onto another link to the same file does nothing, and leaves the temporary.
            remove(level.fd, temporary)

    def close(self) -> None:
        """Close all descriptors."""
        if self._sources is not None:
            self._sources.close()

    def _maker(self, entry: Entry, dir_fd: int) -> _Make:
        """Return what creates the entry under a given name."""
        match entry.kind:
            case Kind.SYMLINK:
                return _link_maker(entry.target, dir_fd)
            case Kind.HARDLINK:
                source, original = self._open_source(entry.target)
                return lambda name: self._link_or_copy(entry, source, original, dir_fd, name)
            case Kind.FIFO:
                return lambda name: os.mkfifo(name, 0o600, dir_fd=dir_fd)
            case Kind.CHARACTER | Kind.BLOCK:
                return self._device_maker(entry, dir_fd)
            case _:
                raise Refused(f"a {entry.kind.name.lower()} is not placed as a link")

    def _device_maker(self, entry: Entry, dir_fd: int) -> _Make:
        if not self._site.options.devices:
            raise Refused("devices are not restored unless asked for")
        mode = 0o600 | (stat.S_IFCHR if entry.kind is Kind.CHARACTER else stat.S_IFBLK)
        try:
            device = os.makedev(*entry.device)
        except (OverflowError, ValueError) as error:
            raise Refused(f"no such device number: {entry.device}") from error
        return lambda name: os.mknod(name, mode, device, dir_fd=dir_fd)

    def _open_source(self, target: bytes) -> tuple[int, bytes]:
        """Return the directory and the name of what a hard link links to."""
        parent, name = split_path(target)
        if self._sources is None:
            self._sources = Beneath(self._site.root)
        source = self._sources.enter(parent).fd
        if target in self._site.unplaced:
            raise Refused(f"what it links to was not restored: {display(target)}")
        return source, name

    def _link_or_copy(self, entry: Entry, source: int, original: bytes, dir_fd: int, name: bytes) -> None:
        """Make a hard link; a copy where the file system is another one, or knows no links: content counts more."""
        try:
            os.link(original, name, src_dir_fd=source, dst_dir_fd=dir_fd, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINK_POSSIBLE:
                raise
            with open(open_regular(source, original), "rb") as content:
                copy = open_new(name, dir_fd)
                try:
                    with open(copy, "wb") as stream:
                        _copy_without_holes(content, stream)
                        self._dress_alike(entry, content.fileno(), stream.fileno())
                except BaseException:
                    remove(dir_fd, name)
                    raise

    def _dress_alike(self, entry: Entry, fd: int, copy: int) -> None:
        """Give a copy the owner, attributes, mode and times of what it is a copy of."""
        status = os.fstat(fd)
        owner = OwnerNames().owner(status.st_uid, status.st_gid)
        alike = entry_from_stat(entry.path, Kind.FILE, status, owner, xattrs=read_xattrs(fd))
        self._site.restorer.apply(alike, copy)

    def _dress(self, entry: Entry, level: Level, temporary: bytes) -> None:
        """Restore the metadata of what can not be opened, through a descriptor that pins it.

        By name, whoever may write to the directory could swap it for a hard link to a file that root then gives away.
        """
        fd = os.open(temporary, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=level.fd)
        try:
            status = os.fstat(fd)
            if status.st_nlink == 1 and status.st_uid == os.geteuid():
                self._site.restorer.apply(entry, b"/proc/self/fd/%d" % fd, inherited_acl=level.hands_down)
            else:
                reason = "owner, mode and time not restored: somebody else changed it"
                self._site.monitor.problem(Problem(entry.path, Trouble.METADATA, reason))
        finally:
            os.close(fd)


def _copy_without_holes(source: BinaryIO, target: BinaryIO) -> None:
    """Copy a file; what is zeros may be a hole in the copy, which would else take more room than the file."""
    while data := source.read(_COPY_BYTES):
        if any(data):
            target.write(data)
        else:
            target.seek(len(data), os.SEEK_CUR)
    target.truncate()


def _link_maker(target: bytes, dir_fd: int) -> _Make:
    if not target or b"\0" in target:
        raise Refused("a symbolic link to nothing, or with a NUL byte")
    return lambda name: os.symlink(target, name, dir_fd=dir_fd)
