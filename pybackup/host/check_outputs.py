"""Whether a run may write the files that it is to write, before it does any work."""

from __future__ import annotations

import os
from collections.abc import Iterable

from pybackup.errors import Exists, UsageError


def check_outputs(paths: Iterable[bytes], *, replace: bool = False) -> None:
    """Check the names of what a run is to write, before it does any work.

    Parameters
    ----------
    replace
        Regular files that have such a name are to be replaced.

    Raises
    ------
    Exists
        A name is taken.
    UsageError
        By what is no regular file; or it lies in what is no directory; or two of the names are one.
    """
    seen: set[bytes] = set()
    for path in paths:
        name = os.fsdecode(path)
        if os.path.isdir(path) or not os.path.basename(path):
            raise UsageError(f"{name}: is a directory; name a file in it")
        if os.path.lexists(path):
            if not os.path.isfile(path) and not os.path.islink(path):
                raise UsageError(f"{name}: exists and is no regular file; choose another name")
            if not replace:
                raise Exists(f"{name}: exists")
        if (above := _nearest(os.path.dirname(path))) and not os.path.isdir(above):
            raise UsageError(f"{name}: {os.fsdecode(above)} is no directory")
        where = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        if where in seen:
            raise UsageError(f"{name}: two files would get this name")
        seen.add(where)


def _nearest(directory: bytes) -> bytes:
    """The directory, or the one above it, that is there; empty for the working directory."""
    while directory and not os.path.lexists(directory):
        directory = os.path.dirname(directory)
    return directory
