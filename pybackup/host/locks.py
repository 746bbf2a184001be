"""Locks that the system lets go of where a process ends, however it ends."""

from __future__ import annotations

import fcntl


def try_lock(fd: int, *, shared: bool = False) -> bool:
    """Lock a file or a directory for as long as the descriptor or a copy of it is open; never waits.

    Parameters
    ----------
    shared
        Others may hold it shared, too.

    Returns
    -------
    bool
        Whether it is locked now; not where another process holds it.

    Raises
    ------
    OSError
        The file system knows no locks.
    """
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
