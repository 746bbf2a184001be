"""The first member of an archive: its header says where the tree index lies, its content how to read the rest."""

from __future__ import annotations

from dataclasses import dataclass

from pybackup.errors import FormatError
from pybackup.host.storage import ArchiveFile
from pybackup.layout import ustar

from .read import read_locator

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class FirstMember:
    """What the first member of an archive tells.

    Attributes
    ----------
    readme
        Its content.
    mtime_ns
        The time of all members that are the archive's own.
    tree_at, tree_bytes
        Where the tree index lies.
    """

    readme: bytes
    mtime_ns: int
    tree_at: int
    tree_bytes: int


def read_first(file: ArchiveFile) -> FirstMember | None:
    """Return what the first member tells; None where its header is damaged.

    Raises
    ------
    OSError
        It cannot be read.
    """
    locator = read_locator(file)
    if locator is None:
        return None
    try:
        header = ustar.Header.unpack(file.read_at(0, ustar.BLOCK))
    except FormatError:
        return None
    mtime_ns = header.mtime * _SECOND + locator.mtime_ns
    return FirstMember(file.read_at(ustar.BLOCK, header.size), mtime_ns, locator.raw_bytes, locator.stream_bytes)
