"""Directories at the end of paths that are too long for the system to take at once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_PATH_MAX_BYTES = 4096  # of Linux, the closing NUL included
_NAME_MAX_BYTES = 255
_SEARCH = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
_DESCRIPTORS = b"/proc/self/fd/"


@contextmanager
def reachable(path: bytes) -> Iterator[bytes]:
    """A path of a directory that is short enough to put any name behind; of a long one for as long as this lasts.

    path  of any length, relative or absolute
    Raises OSError.
    """
    if len(path) + 1 + _NAME_MAX_BYTES < _PATH_MAX_BYTES or not os.path.isdir(_DESCRIPTORS):
        yield path
        return
    descriptor = _open(path)
    try:
        yield b"%b%d" % (_DESCRIPTORS, descriptor)
    finally:
        os.close(descriptor)


def _open(path: bytes) -> int:
    """Open piece by piece, each below the one before."""
    first, *others = _pieces(path)
    here = os.open(first, _SEARCH)
    for piece in others:
        try:
            below = os.open(piece, _SEARCH, dir_fd=here)
        finally:
            os.close(here)
        here = below
    return here


def _pieces(path: bytes) -> Iterator[bytes]:
    """The path cut at slashes; all pieces but the first are relative."""
    while len(path) >= _PATH_MAX_BYTES:
        cut = path.rfind(b"/", 1, _PATH_MAX_BYTES - 1)
        if cut < 0:  # one name longer than any path: let the system say so
            break
        yield path[:cut]
        path = path[cut:].lstrip(b"/")
    yield path
