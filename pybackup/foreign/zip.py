"""Reading zip archives."""

from __future__ import annotations

import stat
import struct
import time
import zipfile
from typing import IO

from pybackup.model.entry import Kind

from .budget import OverBudget
from .look import Inside

_CHUNK = 1 << 20
_ENCRYPTED, _UTF8, _UNIX = 1, 0x800, 3
_EXTENDED_TIME = 0x5455  # Info-ZIP's extra field: seconds since the epoch
_FIELD = struct.Struct("<HH")


def read_zip(file: IO[bytes], inside: Inside) -> None:
    """Give the entries of a zip archive to ``inside``; encrypted ones have no hash."""
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
            kind = Kind.DIRECTORY if info.is_dir() else Kind.SYMLINK if stat.S_ISLNK(mode) else Kind.FILE
            content = inside.meet(_name(info), kind, info.file_size, _time_ns(info), mode or 0o644)
            if content is None:
                continue
            if info.flag_bits & _ENCRYPTED:
                content.leave()
                continue
            try:
                with content, archive.open(info) as member:
                    while data := member.read(_CHUNK):
                        content.write(data)
            except (OverBudget, MemoryError):
                raise
            except Exception as error:  # of what anybody made
                inside.damaged(info.filename, error)


def _name(info: zipfile.ZipInfo) -> bytes:
    """Return the name as UTF-8 if it is valid UTF-8, marked as such or not; otherwise as read in code page 437."""
    if info.flag_bits & _UTF8:
        return info.filename.encode("utf-8", "surrogateescape")
    try:
        raw = info.filename.encode("cp437")
        raw.decode("utf-8")
    except ValueError:
        return info.filename.encode("utf-8", "surrogateescape")
    return raw


def _time_ns(info: zipfile.ZipInfo) -> int:
    """Return the mtime: from the extra field in UTC if there is one, else from the local time of MS-DOS."""
    extra, at = info.extra, 0
    while at + _FIELD.size <= len(extra):
        which, length = _FIELD.unpack_from(extra, at)
        at += _FIELD.size
        if which == _EXTENDED_TIME and length >= 5 and at + 5 <= len(extra) and extra[at] & 1:
            return int.from_bytes(extra[at + 1 : at + 5], "little", signed=True) * 10**9
        at += length
    try:
        return int(time.mktime((*info.date_time, 0, 0, -1))) * 10**9
    except (OverflowError, ValueError):
        return 0
