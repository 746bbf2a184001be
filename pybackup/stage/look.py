"""Going through a watched directory, with one call for the status of each file and no other, as most did not change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from pybackup.host.paths import open_regular, read_start
from pybackup.model.source import Candidate, Judge

Seen = list[tuple[str, int, int, int]]
"""Names, as `os.fsdecode` gives them, with size in bytes, mtime and ctime in ns."""
Failed = Callable[[bytes, OSError], None]


class DirectoryRange(NamedTuple):
    """The directories from ``first`` on, up to but without ``end``; both as `place_of` gives them."""

    first: bytes = b""
    end: bytes | None = None


WHOLE = DirectoryRange()


def look(top: bytes, judge: Judge | None, failed: Failed, part: DirectoryRange = WHOLE) -> Iterator[tuple[bytes, Seen]]:
    """Yield each directory, by its path below ``top``, with its files, in the order of `place_of`.

    Everything but directories counts as a file here.

    Parameters
    ----------
    judge
        Gives the reason to leave something out; None to keep everything.
    failed
        Called with each path that cannot be read; of a directory, nothing below it is yielded.
    part
        The directories to yield.
    """
    left = [b""]
    while left:
        here = left.pop()
        place = place_of(here)
        if part.end is not None and place >= part.end:
            return
        is_before = place < part.first
        if is_before and here and not part.first.startswith(place + b"\0"):
            continue
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
                        if is_before and not is_directory:
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
                        found.append((entry.name, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
        except OSError as error:
            if not is_before:
                failed(here, error)
            if not here:
                raise
        finally:
            if fd >= 0:
                os.close(fd)
        below.sort(reverse=True)
        left += below
        if not is_before:
            found.sort()
            yield here, found


def place_of(directory: bytes) -> bytes:
    """Return what orders directories as `look` goes through them: each before all below it, and these before others."""
    return directory.replace(b"/", b"\0")


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
