"""What a directory tree is, told by the system calls alone: the judge of all round trips, so it imports no pybackup.

Everything goes through descriptors, as a path may be longer than PATH_MAX.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

_BLOCK = 4096
_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
    stat.S_IFSOCK: "socket",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """One name in a tree.

    Attributes
    ----------
    content
        SHA-256 over the blocks that are not all zeros, each with its place: the same for a hole and for zeros.
    data
        Extents (offset, length) that hold data; what lies between are holes.
    linked
        The first of the names in this tree that are the same regular file, empty where there is only one.
    xattrs
        Raw, POSIX ACLs (``system.posix_acl_*``) included.
    """

    kind: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int = 0
    content: str = ""
    data: Sequence[tuple[int, int]] = ()
    target: bytes = b""
    linked: bytes = b""
    device: tuple[int, int] = (0, 0)
    xattrs: Sequence[tuple[str, bytes]] = ()


ASPECTS = tuple(field.name for field in fields(Facts))
Manifest = dict[bytes, Facts]


def manifest(root: str | bytes | os.PathLike[str]) -> Manifest:
    """Return the facts of every name below ``root``, which is a directory and stands there itself as ``b""``."""
    found: Manifest = {}
    first: dict[tuple[int, int], bytes] = {}
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        found[b""] = _facts(os.fstat(fd), xattrs=_xattrs(fd))
        _below(fd, b"", found, first)
    finally:
        os.close(fd)
    return found


def differences(before: Manifest, after: Manifest, *, but: Collection[str] = ()) -> list[str]:
    """Return in words how ``after`` differs, leaving out the aspects in ``but``; nothing where they are equal."""
    assert set(but) <= set(ASPECTS), f"no such aspect: {set(but) - set(ASPECTS)}"
    words = [f"{path!r} is missing" for path in before if path not in after]
    words += [f"{path!r} is new" for path in after if path not in before]
    for path, was in before.items():
        now = after.get(path, was)
        for aspect in ASPECTS:
            if aspect not in but and getattr(was, aspect) != getattr(now, aspect):
                words.append(f"{path!r}: {aspect} was {getattr(was, aspect)!r:.300}, is {getattr(now, aspect)!r:.300}")
    return words


def _below(fd: int, prefix: bytes, found: Manifest, first: dict[tuple[int, int], bytes]) -> None:
    for name in sorted(os.fsencode(name) for name in os.listdir(fd)):
        path = prefix + name
        status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        xattrs = _xattrs(b"/proc/self/fd/%d/%s" % (fd, name))
        if stat.S_ISDIR(status.st_mode):
            found[path] = _facts(status, xattrs=xattrs)
            child = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
            try:
                _below(child, path + b"/", found, first)
            finally:
                os.close(child)
        elif stat.S_ISREG(status.st_mode):
            found[path] = _file(fd, name, path, status, xattrs, first)
        elif stat.S_ISLNK(status.st_mode):
            found[path] = _facts(status, xattrs=xattrs, target=os.readlink(name, dir_fd=fd))
        else:
            found[path] = _facts(status, xattrs=xattrs)


def _facts(status: os.stat_result, *, xattrs: Sequence[tuple[str, bytes]], target: bytes = b"") -> Facts:
    kind = _KINDS[stat.S_IFMT(status.st_mode)]
    device = (os.major(status.st_rdev), os.minor(status.st_rdev)) if kind.endswith("device") else (0, 0)
    return Facts(
        kind,
        stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        status.st_mtime_ns,
        target=target,
        device=device,
        xattrs=xattrs,
    )


def _file(
    fd: int,
    name: bytes,
    path: bytes,
    status: os.stat_result,
    xattrs: Sequence[tuple[str, bytes]],
    first: dict[tuple[int, int], bytes],
) -> Facts:
    linked = first.setdefault((status.st_dev, status.st_ino), path) if status.st_nlink > 1 else b""
    # The access time of what is looked at shall stay as well, where we may ask for that.
    flags = os.O_RDONLY | os.O_NOFOLLOW | (os.O_NOATIME if os.geteuid() in (0, status.st_uid) else 0)
    file = os.open(name, flags, dir_fd=fd)
    try:
        data = tuple(_extents(file, status.st_size))
        content = _content(file, data)
    finally:
        os.close(file)
    return Facts(
        "file",
        stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        status.st_mtime_ns,
        status.st_size,
        content,
        data,
        linked=linked,
        xattrs=xattrs,
    )


def _extents(fd: int, size: int) -> Iterator[tuple[int, int]]:
    offset = 0
    while offset < size:
        try:
            start = os.lseek(fd, offset, os.SEEK_DATA)
        except OSError:  # ENXIO: only a hole is left
            return
        offset = min(os.lseek(fd, start, os.SEEK_HOLE), size)
        yield start, offset - start


def _content(fd: int, data: Sequence[tuple[int, int]]) -> str:
    digest = hashlib.sha256()
    zeros = bytes(_BLOCK)
    for start, length in data:
        offset, end = start - start % _BLOCK, start + length
        while offset < end:
            chunk = os.pread(fd, 256 * _BLOCK, offset)
            assert chunk, "a file that shrinks while it is looked at"
            for at in range(0, len(chunk), _BLOCK):
                block = chunk[at : at + _BLOCK]
                if block != zeros[: len(block)]:
                    digest.update(b"%d:" % (offset + at) + block)
            offset += len(chunk)
    return digest.hexdigest()


def _xattrs(where: int | bytes) -> tuple[tuple[str, bytes], ...]:
    follow = isinstance(where, int)
    names: Sequence[str] = os.listxattr(where, follow_symlinks=follow)
    found: Mapping[str, bytes] = {name: os.getxattr(where, name, follow_symlinks=follow) for name in names}
    return tuple(sorted(found.items()))
