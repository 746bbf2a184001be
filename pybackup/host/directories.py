"""The files in a directory that was named, in the order of their names."""

from __future__ import annotations

import os

from .storage import environment


def files_in(directory: bytes) -> list[bytes]:
    """Return the paths of the regular files in a directory, those that links lead to among them; sorted.

    Raises
    ------
    EnvironmentFailed
        It cannot be read.
    """
    with environment(directory), os.scandir(directory) as entries:
        return sorted(entry.path for entry in entries if entry.is_file())
