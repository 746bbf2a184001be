"""Whether a live file has the same content as an archived one."""

from __future__ import annotations

import hashlib
import os

from pybackup.compress.unpack import decode
from pybackup.errors import Damaged
from pybackup.host.paths import NOFOLLOW, open_at
from pybackup.host.storage import ArchiveFile
from pybackup.layout.sparse import SparseReader
from pybackup.model.member import Member, Stored

_STEP = 1 << 20


def same_live_content(file: ArchiveFile, stored: Stored, path: bytes) -> bool:
    """Return whether the regular file at a path, of any length, has the content of an archived one; see `same_content`.

    Raises
    ------
    FormatError, OSError
        As `same_content`; the live file cannot be opened, or is another by now.
    """
    fd = open_live(path)
    try:
        return same_content(file, stored, fd)
    finally:
        os.close(fd)


def open_live(path: bytes) -> int:
    """Open a file at a path of any length for reading, whatever it is; raises OSError."""
    return open_at(None, path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | NOFOLLOW)


def same_bytes(one: bytes, other: bytes) -> bool:
    """Return whether two regular files have the same bytes; the paths may be of any length. Raises OSError."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | NOFOLLOW
    with (
        open(open_at(None, one, flags), "rb") as first,
        open(open_at(None, other, flags), "rb") as second,
    ):
        while True:
            data, others = first.read(_STEP), second.read(_STEP)
            if data != others:
                return False
            if not data:
                return True


def same_content(file: ArchiveFile, stored: Stored, fd: int) -> bool:
    """Return whether an open file has the content of an archived one of the same size, by the hashes in the archive.

    Only a sparse file is decoded for it.

    Raises
    ------
    FormatError
        The archive is damaged there, so the contents cannot be compared.
    OSError
        The open file, or the archive, cannot be read.
    """
    if stored.fault:
        raise Damaged(stored.fault)
    if stored.sparse:
        return _same_sparse(file, stored, fd)
    offset = 0
    for member in stored.members:
        if not _same_segment(fd, offset, member):
            return False
        offset += member.raw_bytes
    return True


def _same_segment(fd: int, offset: int, member: Member) -> bool:
    digest = hashlib.sha256()
    end = offset + member.raw_bytes
    while offset < end:
        data = os.pread(fd, min(_STEP, end - offset), offset)
        if not data:
            return False
        digest.update(data)
        offset += len(data)
    return bool(member.digest) and digest.digest().startswith(member.digest)


def _same_sparse(file: ArchiveFile, stored: Stored, fd: int) -> bool:
    """Compare the data ranges of a sparse file, and check that its holes are zeros in the open file."""
    reader = SparseReader(stored.entry.size)
    at = 0
    for member in stored.members:
        for piece in decode(file, member):
            for offset, data in reader.feed(piece):
                if not _is_zero(fd, at, offset) or os.pread(fd, len(data), offset) != data:
                    return False
                at = offset + len(data)
    reader.finish()
    return _is_zero(fd, at, stored.entry.size)


def _is_zero(fd: int, start: int, end: int) -> bool:
    """Whether a range of an open file has only zeros; holes in it are not read."""
    while start < end:
        try:
            start = os.lseek(fd, start, os.SEEK_DATA)
        except OSError:
            return True
        if start >= end:
            return True
        data = os.pread(fd, min(_STEP, end - start), start)
        if any(data):
            return False
        start += len(data)
    return True
