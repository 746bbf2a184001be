"""Where the tests extract to, thousands of times: memory, if the system has a file system in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOM = "PYBACKUP_TESTS_ROOM"
"""In the environment: the directory of the whole run, which removes it."""

_MEMORY = Path("/dev/shm")


def memory() -> Path:
    """Where files lie in memory, or else where temporary files do."""
    return _MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir())


def room() -> Path:
    """Where to make directories: that of the run, if there is one."""
    return Path(os.environ.get(ROOM) or memory())


@contextmanager
def fast_directory() -> Iterator[Path]:
    """A directory that is gone afterwards."""
    base = Path(tempfile.mkdtemp(prefix="pybackup-damage-", dir=room()))
    try:
        yield base
    finally:
        shutil.rmtree(base)
