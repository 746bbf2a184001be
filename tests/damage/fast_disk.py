"""Where the tests extract to, thousands of times: memory, if the system has a file system in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")


@contextmanager
def fast_directory() -> Iterator[Path]:
    """A directory that is gone afterwards."""
    base = Path(tempfile.mkdtemp(prefix="pybackup-damage-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield base
    finally:
        shutil.rmtree(base)
