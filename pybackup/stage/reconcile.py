"""After a run was killed: making the state agree with the files in the directory of a disc."""

from __future__ import annotations

import os
import stat

from pybackup.host.environment import environment
from pybackup.host.temporaries import open_claimed
from pybackup.model.entry import Kind, directories_above

from .copying import hash_of
from .cost import cost_of
from .look import look
from .open_disc import disc_directory
from .state import StageState
from .values import StagedCopy, StagedDisc


def reconcile(state: StageState, disc: StagedDisc, now_ns: int) -> int:
    """Enter files that a killed run has copied, and forget those that are not there; return how many differed.

    The caller holds the lock.

    Raises
    ------
    EnvironmentFailed
        The directory of the disc cannot be read.
    """
    at = disc_directory(state.directory, disc.name)
    if not os.path.isdir(at):
        with environment(at):
            os.makedirs(at, 0o700)
    with environment(at):
        os.close(open_claimed(at))  # claiming the directory removes unfinished copies
        found: dict[bytes, tuple[int, int]] = {}
        for directory, seen in look(at, None, _raise):
            prefix = directory + b"/" if directory else b""
            found.update((prefix + os.fsencode(name), (size, mtime_ns)) for name, size, mtime_ns, _ in seen)
        changed = 0
        for copy in list(state.copies(disc.number)):
            there = found.pop(copy.path, None)
            is_same = there is not None and there[1] == copy.mtime_ns
            if there is not None and is_same and (copy.kind == Kind.SYMLINK or there[0] == copy.size):
                continue
            changed += 1
            state.remove_copy(copy)
            state.forget_content(copy.sha256)
            if there is not None:
                found[copy.path] = there
        for path in found:
            changed += 1
            place = os.path.join(at, path)
            status = os.stat(place, follow_symlinks=False)
            is_link = stat.S_ISLNK(status.st_mode)
            sha256 = hash_of(place, status)
            kind, size = (Kind.SYMLINK, 0) if is_link else (Kind.FILE, status.st_size)
            cost = cost_of(path, size, len(directories_above(path)))
            state.add_copy(
                StagedCopy(
                    0, disc.number, path, int(kind), size, status.st_mtime_ns, stat.S_IMODE(status.st_mode), sha256,
                    cost, "copied by a run that was cut short", now_ns,
                )
            )  # fmt: skip
    state.commit()
    return changed


def _raise(path: bytes, error: OSError) -> None:
    raise error
