"""The files in a directory that was named, in the order of their names."""

from __future__ import annotations

import os

from .environment import environment
from .temporaries import is_made_in


def files_in(directory: bytes, suffix: bytes = b"") -> list[bytes]:
    """Return the paths of the regular files in a directory, those that links lead to among them; sorted.

    Temporary files are none: they are half-made, by this run or another.

    Parameters
    ----------
    suffix
        What their names end with.

    Raises
    ------
    EnvironmentFailed
        It cannot be read.
    """
    with environment(directory), os.scandir(directory) as entries:
        inode = os.stat(directory).st_ino
        found = [entry.path for entry in entries if entry.is_file() and not is_made_in(entry.name, inode)]
    return sorted(path for path in found if path.endswith(suffix))
