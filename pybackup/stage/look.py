"""Going through a watched directory, with one call for the status of each file and no other, as most did not change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

from pybackup.host.paths import open_regular, read_start
from pybackup.model.source import Candidate, Judge

Seen = list[tuple[bytes, os.stat_result]]
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
        try:
            with os.scandir(os.path.join(top, here)) as entries:
                for entry in entries:
                    try:
                        is_directory = entry.is_dir(follow_symlinks=False)
                        if is_directory and judge is None:
                            below.append(prefix + entry.name)
                            continue
                        status = entry.stat(follow_symlinks=False)
                    except OSError as error:
                        failed(prefix + entry.name, error)
                        continue
                    if judge is not None and _leaves_out(judge, prefix + entry.name, entry, status):
                        continue
                    if is_directory:
                        below.append(prefix + entry.name)
                    else:
                        found.append((entry.name, status))
        except OSError as error:
            failed(here, error)
            if not here:
                raise
        found.sort(key=_name)
        below.sort(reverse=True)
        left += below
        yield here, found


def _name(each: tuple[bytes, os.stat_result]) -> bytes:
    return each[0]


def _leaves_out(judge: Judge, path: bytes, entry: os.DirEntry[bytes], status: os.stat_result) -> bool:
    is_directory = entry.is_dir(follow_symlinks=False)
    read_child = partial(_read_child, entry.path) if is_directory else _no_child
    open_file = partial(open_regular, None, entry.path)
    return judge(Candidate(path, path, entry.name, is_directory, status, read_child, open_file)) is not None


def _read_child(directory: bytes, name: bytes, n_bytes: int) -> bytes:
    return read_start(None, directory, name, n_bytes)


def _no_child(name: bytes, n_bytes: int) -> bytes:
    return b""
