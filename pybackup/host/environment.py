"""What the system refuses, said so that people know what to do about it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from pybackup.errors import EnvironmentFailed


@contextlib.contextmanager
def environment(path: bytes) -> Iterator[None]:
    """Turn an `OSError` of the block into `EnvironmentFailed` that names ``path`` and what to do."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFailed(f"{os.fsdecode(path)}: {error.strerror or error}{_advice(error)}") from error


def _advice(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "; free some space there, or write elsewhere"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "; choose a place you may write to"
    return ""


def make_directory(path: bytes) -> None:
    """Make a directory, and those above it, where they are missing.

    Raises
    ------
    EnvironmentFailed
        It cannot be made.
    """
    with environment(path):
        os.makedirs(path, exist_ok=True)
