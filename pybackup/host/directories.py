"""The files in a directory that was named, in the order of their names."""

from __future__ import annotations

import os

from .staging import is_made_in
from .storage import environment


def files_in(directory: bytes) -> list[bytes]:
    """Return the paths of the regular files in a directory, those that links lead to among them; sorted.

    Temporary files are none: they are half-made, by this run or another.

    Raises
    ------
    EnvironmentFailed
        It cannot be read.
    """
    with environment(directory), os.scandir(directory) as entries:
        inode = os.stat(directory).st_ino
        return sorted(entry.path for entry in entries if entry.is_file() and not is_made_in(entry.name, inode))
