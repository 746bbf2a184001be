"""Opening paths of any length, without following symbolic links, and without waiting for what is no file."""

from __future__ import annotations

import errno
import os
import stat

from pybackup.errors import Refused, UsageError

PATH_MAX_BYTES = 4096  # of Linux, the closing NUL included; longer paths are opened piece by piece
SEARCH_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)

_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | NOFOLLOW  # a FIFO of that name must not make the run wait
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
}
_DESCRIPTORS = b"/proc/self/fd/"
_HAS_DESCRIPTORS = os.path.isdir(_DESCRIPTORS)


def open_at(base_fd: int | None, path: bytes, flags: int, *, mode: int = 0o600, nofollow: bool = False) -> int:
    """Open a path of any length below a directory, and return the descriptor, which the caller closes.

    Parameters
    ----------
    base_fd
        Directory a relative path starts from; None for the working directory.
    flags, mode
        As for ``os.open``, for the last component.
    nofollow
        Refuse a symbolic link as any component, the last one included: what an archive's paths must be opened with.

    Raises
    ------
    OSError
        With the whole path as its file name; ELOOP or ENOTDIR where a link stood in the way of ``nofollow``.
    Refused
        With ``nofollow``, a path that leaves the base by ``..`` or, with a base, by a leading slash.
    """
    try:
        if nofollow:
            return _open_pieces(base_fd, _components(base_fd, path), flags | NOFOLLOW, mode, NOFOLLOW)
        if len(path) < PATH_MAX_BYTES:
            return os.open(path, flags, mode, dir_fd=base_fd)
        return _open_pieces(base_fd, _pieces(path), flags, mode, 0)
    except OSError as error:
        error.filename = path
        raise


def lstat_at(path: bytes) -> os.stat_result:
    """Return the status of a path of any length, a symbolic link at its end not followed; raises OSError."""
    if len(path) < PATH_MAX_BYTES:
        return os.lstat(path)
    directory, _, name = path.rpartition(b"/")
    above = open_at(None, directory, SEARCH_FLAGS)
    try:
        return os.stat(name, dir_fd=above, follow_symlinks=False)
    finally:
        os.close(above)


def list_at(path: bytes) -> list[bytes]:
    """Return the names in a directory whose path is of any length; raises OSError."""
    if len(path) < PATH_MAX_BYTES:
        return os.listdir(path)
    fd = open_at(None, path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        return list(map(os.fsencode, os.listdir(fd)))
    finally:
        os.close(fd)


def open_seekable(path: bytes) -> int:
    """Open a regular file or a block device for reading, and return the descriptor; it waits for no FIFO's writer.

    Raises
    ------
    OSError
    UsageError
        It is something else, which cannot be read at any offset.
    """
    mode = os.stat(path).st_mode
    _check_seekable(path, mode)
    # A device is opened as it always was: without waiting, a drive without a disc would open too.
    waiting = 0 if stat.S_ISBLK(mode) else os.O_NONBLOCK
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | waiting)
    try:
        _check_seekable(path, os.fstat(fd).st_mode)
        os.set_blocking(fd, True)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _check_seekable(path: bytes, mode: int) -> None:
    if not stat.S_ISREG(mode) and not stat.S_ISBLK(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "of an unknown type")
        raise UsageError(f"{os.fsdecode(path)}: is {kind}; a regular file or a block device is needed")


def directory_prefix(dir_fd: int, path: bytes) -> bytes:
    """Return what makes a path of a name in an open directory, for calls that take no ``dir_fd``.

    By way of ``/proc`` where there is one: as short and as safe as the descriptor. Else from the path of the
    directory.
    """
    return b"%b%d/" % (_DESCRIPTORS, dir_fd) if _HAS_DESCRIPTORS else path + b"/"


def read_start(dir_fd: int | None, directory: bytes, name: bytes, n_bytes: int) -> bytes:
    """Return the first bytes of a regular file in a directory; none where it is none or cannot be read."""
    try:
        above = os.open(directory, SEARCH_FLAGS, dir_fd=dir_fd)
        try:
            fd = os.open(name, _READ_FLAGS, dir_fd=above)
        finally:
            os.close(above)
        with open(fd, "rb", buffering=0) as stream:
            return stream.read(n_bytes) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    except OSError:
        return b""


def open_regular(dir_fd: int | None, name: bytes) -> int:
    """Open a regular file for reading, and return the descriptor, which the caller closes; it waits for no FIFO.

    Raises
    ------
    OSError
        It cannot be opened, or is something else by now.
    """
    fd = os.open(name, _READ_FLAGS | os.O_CLOEXEC, dir_fd=dir_fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise FileNotFoundError(errno.ENOENT, "no regular file any more", name)
    return fd


def _open_pieces(base_fd: int | None, pieces: list[bytes], flags: int, mode: int, way_flags: int) -> int:
    """Open each piece below the one before; only two descriptors are open at a time."""
    here = base_fd
    try:
        for piece in pieces[:-1]:
            below = os.open(piece, SEARCH_FLAGS | way_flags, dir_fd=here)
            if here is not None and here != base_fd:
                os.close(here)
            here = below
        return os.open(pieces[-1], flags, mode, dir_fd=here)
    finally:
        if here is not None and here != base_fd:
            os.close(here)


def _components(base_fd: int | None, path: bytes) -> list[bytes]:
    parts = [part for part in path.split(b"/") if part not in (b"", b".")]
    if b".." in parts or (path.startswith(b"/") and base_fd is not None):
        raise Refused(f"{path.decode(errors='backslashreplace')}: leads out of the directory it belongs to")
    if path.startswith(b"/"):
        return [b"/", *parts]
    return parts or [b"."]


def _pieces(path: bytes) -> list[bytes]:
    """Cut a path at slashes into pieces the system takes; all but the first are relative."""
    pieces = []
    start = 0
    while len(path) - start >= PATH_MAX_BYTES:
        cut = path.rfind(b"/", start, start + PATH_MAX_BYTES - 1)
        if cut <= start:  # one component longer than any path: let the system say so
            break
        pieces.append(path[start:cut])
        start = cut + 1
        while path[start : start + 1] == b"/":
            start += 1
    pieces.append(path[start:] or b".")
    return pieces
