"""Deleting files from restored directories that the archive does not have."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from pybackup.errors import Refused
from pybackup.host.beneath import Beneath
from pybackup.host.replaced import replaced
from pybackup.host.temporaries import claim
from pybackup.model.entry import Kind
from pybackup.model.listing import Listing
from pybackup.model.problem import Problem, Trouble
from pybackup.monitor import Monitor


def superfluous(target: bytes, listing: Listing, rows: Sequence[int]) -> list[bytes]:
    """Return paths below the target that are in restored directories but not in the archive; links are not followed.

    Parameters
    ----------
    rows
        What is restored; only directories among it are looked into.
    """
    if not os.path.isdir(target):
        return []
    names: dict[bytes, set[bytes]] = {listing.paths[row]: set() for row in rows if _is_directory(listing, row)}
    for path in listing.paths:
        above, _, name = path.rpartition(b"/")
        if above in names:
            names[above].add(name)
    with Beneath(target) as tree:
        return list(_not_known(tree, names))


def _is_directory(listing: Listing, row: int) -> bool:
    return listing.rows.kinds[row] == Kind.DIRECTORY


def _not_known(tree: Beneath, names: dict[bytes, set[bytes]]) -> Iterator[bytes]:
    for directory, known in names.items():
        try:
            level = tree.enter(directory)
            with os.scandir(level.where) as entries:
                found = sorted(os.fsencode(entry.name) for entry in entries)
        except (OSError, Refused):
            continue  # the directory does not exist in the target
        yield from (directory + b"/" + name for name in found if name not in known)


def delete(target: bytes, paths: Sequence[bytes], monitor: Monitor) -> list[bytes]:
    """Delete these paths, directories with everything in them, and return those that were deleted.

    A path that cannot be deleted is a problem. Directories around deleted paths keep their times, and nothing is
    deleted in which a file system is mounted.
    """
    gone = []
    with Beneath(target) as tree:
        for path in paths:
            directory, _, name = path.rpartition(b"/")
            try:
                level = tree.enter(directory)
                if not level.claimed:
                    claim(level.fd, clean=False)
                    level.claimed = True
                before = os.fstat(level.fd)
                try:
                    with replaced(level.fd, name):
                        pass
                finally:
                    os.utime(level.where, ns=(before.st_atime_ns, before.st_mtime_ns))
            except (OSError, Refused) as error:
                reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                monitor.problem(Problem(path, Trouble.REFUSED, f"is not deleted: {reason}"))
            else:
                gone.append(path)
    return gone
