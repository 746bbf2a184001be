"""Where a source or a target of rsync is: on this machine, on another by ssh, or with a daemon."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum

from pybackup.errors import UsageError

_URL = re.compile(rb"rsync://([^/]*)/([^/]+)/?(.*)", re.DOTALL)
_REMOTE = re.compile(rb"([^/:\[]+|(?:[^/:\[]*@)?\[[^\]/]*\]):(:?)(.*)", re.DOTALL)
_WILD = re.compile(rb"[*?\[]")


class Reach(StrEnum):
    """How a place is reached."""

    LOCAL = "local"
    SSH = "ssh"
    DAEMON = "daemon"


@dataclass(frozen=True, slots=True)
class Location:
    """A directory that rsync reads or writes.

    Attributes
    ----------
    host
        With ``USER@`` before it, and with ``:PORT`` behind it for a daemon; empty for this machine.
    module
        The module of a daemon; else empty.
    path
        The directory; for a daemon, within its module.
    """

    reach: Reach
    host: bytes
    module: bytes
    path: bytes

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return self.reach is Reach.LOCAL

    @property
    def shown(self) -> bytes:
        """The location as people write it."""
        if self.is_local:
            return self.path
        if self.reach is Reach.DAEMON:
            return b"rsync://" + self.host + b"/" + self.module + b"/" + self.path.lstrip(b"/")
        return self.host + b":" + self.path

    def below(self, name: bytes) -> Location:
        """Return the location of something in this directory."""
        return Location(self.reach, self.host, self.module, os.path.join(self.path, name))

    def as_source(self) -> bytes:
        """Return the argument by which rsync reads the content of the directory."""
        if self.is_local:
            return self._spelled(self.path)
        # On another machine, the path of a source may be a pattern, so special characters are escaped.
        return self._spelled(literally(self.path))

    def as_target(self) -> bytes:
        """Return the argument by which rsync writes into the directory."""
        return self._spelled(self.path)

    def _spelled(self, path: bytes) -> bytes:
        path = path.rstrip(b"/") + b"/" if path else b""
        if self.is_local:
            return path
        if self.reach is Reach.DAEMON:
            # The other machine would take a name that begins with a dash for an option.
            return b"rsync://" + self.host + b"/" + self.module + b"/./" + path.lstrip(b"/")
        return self.host + b":" + (path if path.startswith(b"/") else b"./" + path)


def parse_location(argument: bytes) -> Location:
    """Return the location that an argument names, as rsync takes it.

    ``HOST:PATH`` and ``USER@HOST:PATH`` are reached by ssh, ``rsync://HOST[:PORT]/MODULE/PATH`` and
    ``HOST::MODULE/PATH`` are of a daemon; a path of this machine that has a colon begins with ``./`` or ``/``.

    Raises
    ------
    UsageError
        It names no location.
    """
    shown = os.fsdecode(argument)
    if not argument or b"\0" in argument:
        raise UsageError(f"{shown!r} names no directory")
    url, remote = _URL.fullmatch(argument), _REMOTE.fullmatch(argument)
    if argument.startswith(b"rsync://"):
        if url is None or not url[1]:
            raise UsageError(f"{shown!r} names no module of a daemon: rsync://HOST/MODULE/PATH")
        return Location(Reach.DAEMON, _host(url[1], shown), url[2], url[3])
    if remote is None:
        return Location(Reach.LOCAL, b"", b"", os.path.abspath(argument))
    if remote[2]:
        module, _, path = remote[3].partition(b"/")
        if not module:
            raise UsageError(f"{shown!r} names no module of a daemon: HOST::MODULE/PATH")
        return Location(Reach.DAEMON, _host(remote[1], shown), module, path)
    return Location(Reach.SSH, _host(remote[1], shown), b"", remote[3].removeprefix(b"~/") or b".")


def literally(path: bytes) -> bytes:
    """Return a pattern of rsync that matches this path alone.

    To rsync a backslash escapes only in patterns that have other special characters.
    """
    return re.sub(rb"[\\*?\[]", rb"\\\g<0>", path) if _WILD.search(path) else path


def _host(host: bytes, shown: str) -> bytes:
    if host.startswith(b"-") or b"@-" in host or re.search(rb"[\s\0]", host):
        raise UsageError(f"{shown!r}: no name of a host begins with a dash or has white space in it")
    return host
