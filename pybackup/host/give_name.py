"""Renaming in one step, over what has the name already or, wherever the system can, never so."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Callable

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


def give_name(dir_fd: int, temporary: bytes, name: bytes, to_fd: int, *, replace: bool) -> None:
    """Rename a file, or whatever it is, in one step.

    Parameters
    ----------
    dir_fd, to_fd
        The directories of ``temporary`` and of ``name``, open.
    replace
        What has that name already is replaced; else nothing ever is.

    Raises
    ------
    OSError
        FileExistsError where the name is taken and must not be replaced; nothing has happened then.
    """
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
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=dir_fd)
        return
    # FAT and its like know neither: between the look and the rename another process could put a file there.
    try:
        os.stat(name, dir_fd=to_fd, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(temporary, name, src_dir_fd=dir_fd, dst_dir_fd=to_fd)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
