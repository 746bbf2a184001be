"""The lock by which a job has only one run at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from pybackup.errors import EnvironmentFailed
from pybackup.host.locks import try_lock
from pybackup.host.state import state_directory


@contextlib.contextmanager
def job_lock(name: str) -> Iterator[None]:
    """Hold the lock of a job; the system releases it when the process ends, even if it is killed.

    Raises
    ------
    EnvironmentFailed
        Another process has it, which the message names; or its file cannot be made.
    """
    directory = state_directory()
    path = os.path.join(directory, f"{name}.lock")
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise EnvironmentFailed(f"{path}: {error.strerror}") from error
    try:
        try:
            is_ours = try_lock(fd)
        except OSError as error:
            raise EnvironmentFailed(f"{path}: {error.strerror}") from error
        if not is_ours:
            holder = os.pread(fd, 20, 0).decode(errors="replace").strip()
            raise EnvironmentFailed(f"job {name} runs already, as process {holder or 'unknown'}")
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        yield
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)
