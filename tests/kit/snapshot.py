"""What a small tree is, contents and all: for tests that ask what became of each file.

`manifest` is the judge of whole trees, of any size: it tells holes, and says what differs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Snapshot = dict[bytes, "Fact"]


@dataclass(frozen=True, slots=True)
class Fact:
    """All that must come back of one entry; times of what changes with its content are in it too."""

    kind: int
    mode: int
    owner: tuple[int, int]
    mtime_ns: int
    content: bytes
    xattrs: tuple[tuple[str, bytes], ...]
    links: int
    device: int


def snapshot(root: bytes, *, itself: bool = False) -> Snapshot:
    """Everything below ``root`` by path, and on demand itself by none, read with nothing but ``os``."""
    found: Snapshot = {}
    for path in (*([root] if itself else []), *walk(root)):
        status = os.lstat(path)
        content = b""
        if stat.S_ISREG(status.st_mode):
            content = Path(os.fsdecode(path)).read_bytes()
        elif stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        xattrs = sorted((name, os.getxattr(path, name, follow_symlinks=False)) for name in _xattr_names(path))
        is_directory = stat.S_ISDIR(status.st_mode)
        found[path[len(root) + 1 :]] = Fact(
            stat.S_IFMT(status.st_mode),
            stat.S_IMODE(status.st_mode),
            (status.st_uid, status.st_gid),
            status.st_mtime_ns,
            content,
            tuple(xattrs),
            0 if is_directory else status.st_nlink,
            status.st_rdev,
        )
    return found


def _xattr_names(path: bytes) -> list[str]:
    return os.listxattr(path, follow_symlinks=False)


def walk(root: bytes) -> Iterator[bytes]:
    """Yield the paths of all below a directory, each directory before what is in it."""
    with os.scandir(root) as entries:
        for entry in entries:
            yield entry.path
            if entry.is_dir(follow_symlinks=False):
                yield from walk(entry.path)
