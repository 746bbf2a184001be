"""Going through a watched directory, with one call for the status of each file and no other, as most did not change.

Each directory has a mark, made of names and statuses. If it is that of the last scan, no file needs to be compared.
"""

from __future__ import annotations

import hashlib
import marshal
import os
from collections.abc import Callable, Iterator
from functools import partial

from pybackup.host.paths import open_regular, read_start
from pybackup.model.source import Candidate, Judge

Seen = list[tuple[str, os.stat_result]]
"""Names, as `os.fsdecode` gives them, and statuses."""
Failed = Callable[[bytes, OSError], None]


def look(top: bytes, judge: Judge | None, failed: Failed) -> Iterator[tuple[bytes, Seen]]:
    """Yield each directory, by its path below ``top``, with its files and their statuses, in a fixed order.

    Everything but directories counts as a file here.

    Parameters
    ----------
    judge
        Gives the reason to leave something out; None to keep everything.
    failed
        Called with each path that cannot be read; of a directory, nothing below it is yielded.
    """
    left = [b""]
    while left:
        here = left.pop()
        prefix = here + b"/" if here else b""
        found: Seen = []
        below: list[bytes] = []
        fd = -1
        try:
            # By its descriptor, so that the kernel looks up a name and not a path for each status.
            fd = os.open(os.path.join(top, here), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with os.scandir(fd) as entries:
                for entry in entries:
                    try:
                        is_directory = entry.is_dir(follow_symlinks=False)
                        if is_directory and judge is None:
                            below.append(prefix + os.fsencode(entry.name))
                            continue
                        status = entry.stat(follow_symlinks=False)
                    except OSError as error:
                        failed(prefix + os.fsencode(entry.name), error)
                        continue
                    if judge is not None and _leaves_out(judge, top, prefix + os.fsencode(entry.name), entry, status):
                        continue
                    if is_directory:
                        below.append(prefix + os.fsencode(entry.name))
                    else:
                        found.append((entry.name, status))
        except OSError as error:
            failed(here, error)
            if not here:
                raise
        finally:
            if fd >= 0:
                os.close(fd)
        found.sort()  # no name is there twice, so statuses are not compared
        below.sort(reverse=True)
        left += below
        yield here, found


def mark_of(found: Seen, compare: str) -> bytes:
    """Return the mark of a directory with these files: another one if any of them changed, as far as a status tells.

    Parameters
    ----------
    compare
        What a scan compares; marks of scans that compare something else differ.
    """
    # Another version of Python may give other bytes: then the files are just compared one by one.
    values = [(name, each.st_size, each.st_mtime_ns, each.st_ctime_ns) for name, each in found]
    return hashlib.blake2b(marshal.dumps((compare, values), 2), digest_size=16).digest()


def _leaves_out(judge: Judge, top: bytes, path: bytes, entry: os.DirEntry[str], status: os.stat_result) -> bool:
    is_directory, place = entry.is_dir(follow_symlinks=False), os.path.join(top, path)
    read_child = partial(_read_child, place) if is_directory else _no_child
    open_file = partial(open_regular, None, place)
    name = os.path.basename(path)
    return judge(Candidate(path, path, name, is_directory, status, read_child, open_file)) is not None


def _read_child(directory: bytes, name: bytes, n_bytes: int) -> bytes:
    return read_start(None, directory, name, n_bytes)


def _no_child(name: bytes, n_bytes: int) -> bytes:
    return b""
