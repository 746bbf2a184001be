"""Metadata of an entry, put onto what was created for it: owner, attributes, ACLs, mode, times, in this order.

A change of owner clears set-id bits and capabilities, so it comes first; attributes may not be set on what the mode
makes read-only; everything changes the times, so they come last.
"""

from __future__ import annotations

import errno
import os
import time

from pybackup.model.entry import Entry, Kind
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor

from .metadata import OwnerNames

ACL_ACCESS = b"system.posix_acl_access"
ACL_DEFAULT = b"system.posix_acl_default"

_CAPABILITY = b"security.capability"
_SET_ID = 0o6000
_NO_ID = 0xFFFFFFFF  # (uid_t)-1 means "leave it" to chown: an archive must not reach that.
_UNKNOWN_NOTION = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


class Restorer:
    """Applies metadata; what fails is a problem of the entry, or one note where the system has no such notion."""

    def __init__(self, *, owner: bool, numeric_owner: bool, monitor: Monitor) -> None:
        self._owner = owner
        self._numeric = numeric_owner
        self._monitor = monitor
        self._privileged = os.geteuid() == 0
        self._names = OwnerNames()
        self._noted: set[tuple[str, int, int]] = set()

    def apply(self, entry: Entry, where: int | bytes, *, inherited_acl: bool = False) -> None:
        """Put an entry's metadata onto an open descriptor, or a ``/proc/self/fd`` path that stands for one.

        With ``inherited_acl``, ACLs that are not the entry's are taken away. Set-id bits and capabilities are given
        only together with the ownership they speak for.
        """
        mode = entry.mode & 0o7777
        owned = self._owner and self._give(entry, where)
        if mode & _SET_ID and not owned and entry.kind is not Kind.DIRECTORY:
            mode &= ~_SET_ID
            self._note("set-id bits are dropped where the owner is not restored")
        if entry.xattrs:
            self._attach(entry, where, owned)
        if inherited_acl:
            _strip(entry, where)
        if entry.kind is not Kind.SYMLINK:
            try:
                os.chmod(where, mode)
            except OSError as error:
                self._report(entry, where, "mode", error)
        try:
            os.utime(where, ns=(time.time_ns(), entry.mtime_ns))
        except (OSError, OverflowError) as error:
            self._report(entry, where, "time", error)

    def _give(self, entry: Entry, where: int | bytes) -> bool:
        """Change the owner; return whether that worked."""
        owner = entry.owner
        uid, gid = (owner.uid, owner.gid) if self._numeric else self._names.ids(owner)
        try:
            if not (0 <= uid < _NO_ID and 0 <= gid < _NO_ID):
                raise OverflowError("an owner's number is out of range")
            os.chown(where, uid, gid)
        except (OSError, OverflowError) as error:
            # Root may do it wherever the file system knows owners: FAT does not.
            lacking = self._privileged and isinstance(error, PermissionError)
            self._report(entry, where, "owner", error, lacking=lacking)
            return False
        return True

    def _attach(self, entry: Entry, where: int | bytes, owned: bool) -> None:
        for name, value in entry.xattrs.items():
            if name == _CAPABILITY and not owned:
                self._note("capabilities are dropped where the owner is not restored")
                continue
            try:
                os.setxattr(where, name, value)
            except (OSError, ValueError) as error:
                space = name.partition(b".")[0].decode("utf-8", "backslashreplace")
                what = "ACL" if name in (ACL_ACCESS, ACL_DEFAULT) else f"extended attribute ({space})"
                lacking = not self._privileged and space != "user" and isinstance(error, PermissionError)
                self._report(entry, where, what, error, lacking=lacking)

    def _report(self, entry: Entry, where: int | bytes, what: str, error: Exception, *, lacking: bool = False) -> None:
        """Report a failure: once per file system where all entries share it, else for this entry."""
        code = error.errno if isinstance(error, OSError) else None
        reason = f"{what} not restored: {os.strerror(code) if code else error}"
        if code and (lacking or code in _UNKNOWN_NOTION):
            self._note(f"{reason} (said once for all on this file system)", code, os.stat(where).st_dev)
        else:
            self._monitor.problem(Problem(entry.path, Trouble.METADATA, reason))

    def _note(self, text: str, code: int = 0, device: int = 0) -> None:
        if (text, code, device) not in self._noted:
            self._noted.add((text, code, device))
            self._monitor.note(text)


def hands_down_acl(where: int | bytes) -> bool:
    """Return whether what is created in a directory gets an ACL from it."""
    try:
        return bool(os.getxattr(where, ACL_DEFAULT))
    except OSError:
        return False


def _strip(entry: Entry, where: int | bytes) -> None:
    for name in (ACL_ACCESS, ACL_DEFAULT) if entry.kind is Kind.DIRECTORY else (ACL_ACCESS,):
        if name not in entry.xattrs:
            try:
                os.removexattr(where, name)
            except OSError:
                continue  # There is none, or the mode fails too and is reported.
