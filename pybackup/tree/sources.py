"""Checking the sources of a walk: each exists, and none would replace another file of the archive."""

from __future__ import annotations

import errno
import os
from dataclasses import replace

from pybackup.errors import UsageError
from pybackup.model.display import display
from pybackup.model.source import Source

GONE = {errno.ENOENT, errno.ENOTDIR}
"""What the system says of what is not there any more."""


def require(source: Source) -> None:
    """Refuse a source that does not exist."""
    try:
        os.lstat(source.path)
    except OSError as error:
        if error.errno in GONE:
            raise UsageError(f"{display(source.path)}: {reason_of(error)}") from None


def refuse_another_file(path: bytes, source: Source) -> None:
    """Refuse a source that would replace another file of a directory that is walked."""
    other = source.path.rstrip(b"/")
    if other == path:
        return
    try:
        same = os.path.samestat(os.lstat(path), os.lstat(other))
    except OSError:  # said where it is met
        return
    if not same:
        both = f"{display(path)} and {display(source.path)}"
        raise UsageError(f"{both} would both be archived as {display(source.name)}; archive one without the other")


def look_at(source: Source, name: bytes, above: int | None) -> tuple[Source, bytes, os.stat_result]:
    """Return the status of a source; of one that is no directory although a list names things below it, as it is."""
    try:
        return source, name, os.stat(name, dir_fd=above, follow_symlinks=False)
    except NotADirectoryError:
        if not (source.listed and name.endswith(b"/")):
            raise
        name = name.rstrip(b"/")
        status = os.stat(name, dir_fd=above, follow_symlinks=False)
        return replace(source, path=source.path.rstrip(b"/")), name, status


def reason_of(error: OSError) -> str:
    """Return why the system refused something, in words."""
    return error.strerror or str(error)
