"""Reading what a file system knows about a file: owners by name, extended attributes, the entry as a whole."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping

from pybackup.model.entry import MAX_TIME_NS, NO_XATTRS, Entry, Kind, Owner

try:
    import grp
    import pwd
except ImportError:  # Windows has no such data bases
    HAS_NAMES = False
else:
    HAS_NAMES = True

HAS_XATTRS = hasattr(os, "listxattr")

SharedXattrs = dict[tuple[tuple[bytes, bytes], ...], Mapping[bytes, bytes]]

_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFIFO: Kind.FIFO,
    stat.S_IFCHR: Kind.CHARACTER,
    stat.S_IFBLK: Kind.BLOCK,
}
_MODES = tuple(range(0o10000))  # one object for each mode, not one for each file
_FORMAT_MASK = 0o170000
_NO_DEVICE = (0, 0)
_SHARED_MAXIMUM = 10_000
# The file system has no attributes, the attribute or the file went away meanwhile: no loss to speak of.
_NOTHING_THERE = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENODATA, errno.ENOENT}
_NO_SUCH_NAME = (KeyError, ValueError, OverflowError, OSError)


class OwnerNames:
    """Names of users and groups and back, each looked up once."""

    def __init__(self) -> None:
        self._owners: dict[tuple[int, int], Owner] = {}
        self._ids: dict[Owner, tuple[int, int]] = {}

    def owner(self, uid: int, gid: int) -> Owner:
        """Return numbers and names together; a name is empty where the system knows none."""
        key = (uid, gid)
        owner = self._owners.get(key)
        if owner is None:
            owner = self._owners[key] = Owner(uid, gid, _user_name(uid), _group_name(gid))
        return owner

    def ids(self, owner: Owner) -> tuple[int, int]:
        """Return uid and gid an owner has on this system: by name first, by number where the name is not known."""
        ids = self._ids.get(owner)
        if ids is None:
            ids = self._ids[owner] = (_user_id(owner.user, owner.uid), _group_id(owner.group, owner.gid))
        return ids


def read_xattrs(
    path: bytes | int,
    *,
    lost: Callable[[str], None] | None = None,
    shared: SharedXattrs | None = None,
) -> Mapping[bytes, bytes]:
    """Return all extended attributes of a file, names sorted; POSIX ACLs are the raw ``system.posix_acl_*`` ones.

    Parameters
    ----------
    path
        Of the file, a symbolic link not followed; or a descriptor. For a name in an open directory, or a path longer
        than PATH_MAX, put ``host.paths.directory_prefix`` before the name.
    lost
        Told in words of each attribute that is there and cannot be read.
    shared
        Keeps one mapping for all files with equal attributes: a security label is the same on every file.
    """
    if not HAS_XATTRS:
        return NO_XATTRS
    follow = isinstance(path, int)
    try:
        names = os.listxattr(path, follow_symlinks=follow)
    except OSError as error:
        _report(error, "extended attributes", lost)
        return NO_XATTRS
    if not names:
        return NO_XATTRS
    found = {}
    for name in sorted(names):
        try:
            found[os.fsencode(name)] = os.getxattr(path, name, follow_symlinks=follow)
        except OSError as error:
            _report(error, name, lost)
    return found if shared is None else _share(found, shared)


def kind_of(mode: int) -> Kind | None:
    """Return the kind of a file from ``st_mode``, None for a socket and other things no archive can hold."""
    return _KINDS.get(mode & _FORMAT_MASK)


def entry_from_stat(
    path: bytes,
    kind: Kind,
    status: os.stat_result,
    owner: Owner,
    *,
    target: bytes = b"",
    xattrs: Mapping[bytes, bytes] = NO_XATTRS,
) -> Entry:
    """Return the entry for a file, from the status of the file itself (links not followed).

    The kind is given since it may be HARDLINK, which a status does not tell; only FILE has a size.
    """
    return Entry(
        path,
        kind,
        _MODES[status.st_mode & 0o7777],
        owner,
        kept_time_ns(status.st_mtime_ns),
        status.st_size if kind is Kind.FILE else 0,
        target,
        (os.major(status.st_rdev), os.minor(status.st_rdev))
        if kind is Kind.CHARACTER or kind is Kind.BLOCK
        else _NO_DEVICE,
        xattrs,
    )


def kept_time_ns(time_ns: int) -> int:
    """Return a time as an archive can hold it: file systems of 64-bit seconds know twice as many years, either way."""
    return max(-MAX_TIME_NS, min(MAX_TIME_NS, time_ns))


def _share(found: dict[bytes, bytes], shared: SharedXattrs) -> Mapping[bytes, bytes]:
    if not found:
        return NO_XATTRS
    if len(shared) >= _SHARED_MAXIMUM:  # attributes that differ from file to file: sharing only costs memory
        shared.clear()
    return shared.setdefault(tuple(found.items()), found)


def _report(error: OSError, what: str, lost: Callable[[str], None] | None) -> None:
    if lost is not None and error.errno not in _NOTHING_THERE:
        shown = os.fsencode(what).decode(errors="backslashreplace")
        lost(f"{shown}: {error.strerror}")


def _user_name(uid: int) -> bytes:
    if not HAS_NAMES:
        return b""
    try:
        return os.fsencode(pwd.getpwuid(uid).pw_name)
    except _NO_SUCH_NAME:
        return b""


def _group_name(gid: int) -> bytes:
    if not HAS_NAMES:
        return b""
    try:
        return os.fsencode(grp.getgrgid(gid).gr_name)
    except _NO_SUCH_NAME:
        return b""


def _user_id(name: bytes, uid: int) -> int:
    if not HAS_NAMES or not name:
        return uid
    try:
        return pwd.getpwnam(os.fsdecode(name)).pw_uid
    except _NO_SUCH_NAME:
        return uid


def _group_id(name: bytes, gid: int) -> int:
    if not HAS_NAMES or not name:
        return gid
    try:
        return grp.getgrnam(os.fsdecode(name)).gr_gid
    except _NO_SUCH_NAME:
        return gid
