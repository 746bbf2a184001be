"""Directories below a root, reached so that nothing can lead outside of it.

Each component is opened relative to its parent's descriptor and never through a symbolic link, so neither links nor
the length of the path matter (Linux: ``PATH_MAX`` bounds a path in one call, not the depth of a tree).
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pybackup.errors import EnvironmentFailed, Refused, UsageError
from pybackup.model.display import display

MAX_NAME_BYTES = 255

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_BENEATH = _OPEN | os.O_NOFOLLOW
# A directory that may be searched and not listed can still be passed through.
_PASS = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# Which levels of the current chain stay open: the deepest, since entries come in tree order, and one in every so many
# above them, so that climbing out of a deep directory does not start at the root each time.
_WINDOW = 16
_STRIDE = 64
_LAST_STRIDE = 32 * _STRIDE


def check_path(path: bytes) -> None:
    """Check that a path from an archive names something below the directory it is placed in.

    Raises
    ------
    Refused
        Empty, absolute, with a component that is empty, ``.``, ``..`` or over 255 bytes, or with a NUL byte.
    """
    if not path:
        raise Refused("the path is empty")
    if path.startswith(b"/"):
        raise Refused("the path is absolute")
    for name in path.split(b"/"):
        _check_name(name)


def split_path(path: bytes) -> tuple[bytes, bytes]:
    """Return the parent and the name in it; the parent, empty for the root, is checked when it is entered.

    Raises
    ------
    Refused
        See `check_path`.
    """
    parent, slash, name = path.rpartition(b"/")
    if (slash and not parent) or not name:
        check_path(path)
    _check_name(name)
    return parent, name


def _check_name(name: bytes) -> None:
    if name in (b"", b".", b".."):
        raise Refused("an empty component in the path" if not name else f"a component {name.decode()!r} in the path")
    if len(name) > MAX_NAME_BYTES:
        raise Refused(f"a component of the path is longer than {MAX_NAME_BYTES} bytes")
    if b"\0" in name:
        raise Refused("a NUL byte in the path")


@dataclass(slots=True)
class Level:
    """One directory of the current chain.

    Attributes
    ----------
    fd
        Descriptor, negative while closed.
    fresh
        It was made here, so nothing else can lie in it.
    readable
        The descriptor is a full one; a mere ``O_PATH`` otherwise.
    claimed, hands_down
        State of whoever writes into it: the descriptor is locked, new files inherit an ACL.
    """

    name: bytes
    fd: int
    fresh: bool = False
    readable: bool = True
    claimed: bool = False
    hands_down: bool = False

    @property
    def where(self) -> int | bytes:
        """What to give to calls that change metadata: they do not take an ``O_PATH`` descriptor."""
        return self.fd if self.readable else b"/proc/self/fd/%d" % self.fd

    def close(self) -> None:
        """Close the descriptor, and with it give up the lock."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd, self.claimed = -1, False


class Beneath:
    """The directories below a root, with the chain of the last one kept open (at most 49 descriptors).

    Not to be shared between processes or threads.
    """

    def __init__(self, root: bytes, *, make: bool = False) -> None:
        """Open the root, a path that may go through links since the user gave it.

        Raises
        ------
        UsageError
            It, or what it should lie in, is no directory.
        EnvironmentFailed
            It can not be made or opened.
        """
        try:
            if make:
                os.makedirs(root, exist_ok=True)
            self._levels = [Level(b"", os.open(root, _OPEN))]
        except (FileExistsError, NotADirectoryError) as error:
            raise UsageError(f"{display(root)}: is no directory") from error
        except OSError as error:
            raise EnvironmentFailed(f"cannot open the directory {display(root)}: {error.strerror}") from error
        self._path: bytes | None = b""

    def enter(self, path: bytes, *, make: bool = False) -> Level:
        """Return the directory at a path, empty for the root; good until the next call.

        With ``make``, what is missing on the way is created with mode 0o700.

        Raises
        ------
        Refused
            See `check_path`; or a symbolic link stands where a directory belongs.
        OSError
            Among them NotADirectoryError where something else stands in its place.
        """
        levels = self._levels
        if path == self._path:
            return levels[-1]
        self._path = None
        if path.startswith(b"/"):
            raise Refused("the path is absolute")
        names = path.split(b"/") if path else []
        depth = 0
        for level, name in zip(levels[1:], names, strict=False):
            if level.name != name:
                break
            depth += 1
        for name in names[depth:]:
            _check_name(name)
        while len(levels) > depth + 1:
            levels.pop().close()
        self._reopen()
        for name in names[depth:]:
            levels.append(_descend(levels[-1], name, make))
            self._trim(len(levels) - 1 - _WINDOW)
        self._path = path
        return levels[-1]

    def open_up(self) -> None:
        """Give the owner, if that is us, all rights on the directory entered last, until its metadata is restored."""
        level = self._levels[-1]
        status = os.fstat(level.fd)
        if status.st_uid == os.geteuid() != 0 and status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(level.where, stat.S_IMODE(status.st_mode) | stat.S_IRWXU)
            fd = os.open(b".", _BENEATH, dir_fd=level.fd)
            level.close()
            level.fd, level.readable = fd, True

    def forget(self) -> None:
        """Look for each directory anew: one of the chain has been replaced."""
        self._path = None
        while len(self._levels) > 1:
            self._levels.pop().close()

    def close(self) -> None:
        """Close all descriptors."""
        self._path = None
        while self._levels:
            self._levels.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def _reopen(self) -> None:
        """Open the deepest level again, from the nearest one above that is open."""
        levels = self._levels
        depth = len(levels) - 1
        above = depth
        while levels[above].fd < 0:
            above -= 1
        for number in range(above + 1, depth + 1):
            again = _descend(levels[number - 1], levels[number].name, make=False)
            levels[number].fd, levels[number].readable = again.fd, again.readable
            self._trim(number - _WINDOW)

    def _trim(self, number: int) -> None:
        if number > 0 and (number % _STRIDE or number > _LAST_STRIDE):
            self._levels[number].close()


def _descend(parent: Level, name: bytes, make: bool) -> Level:
    """Open a directory in its parent, or make it."""
    if not (make and parent.fresh):
        try:
            return _open(parent.fd, name)
        except FileNotFoundError:
            if not make:
                raise
    try:
        os.mkdir(name, 0o700, dir_fd=parent.fd)
    except FileExistsError:
        return _open(parent.fd, name)
    level = _open(parent.fd, name)
    level.fresh = True
    return level


def _open(parent: int, name: bytes) -> Level:
    try:
        return Level(name, os.open(name, _BENEATH, dir_fd=parent))
    except PermissionError:
        return Level(name, os.open(name, _PASS, dir_fd=parent), readable=False)
    except NotADirectoryError as error:
        if stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            raise Refused(f"a symbolic link stands where the directory {display(name)} belongs") from error
        text = f"something else stands where the directory {display(name)} belongs"
        raise NotADirectoryError(error.errno, text) from error
