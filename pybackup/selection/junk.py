"""Files that a system or an interpreter puts beside the user's own and makes again by itself."""

from __future__ import annotations

import re

_FILES = frozenset(
    {
        b".ds_store",  # view settings of the macOS Finder
        b"desktop.ini",  # view settings of the Windows Explorer
        b"ehthumbs.db",  # thumbnails of Windows
        b"ehthumbs_vista.db",
        b"thumbs.db",
        b"thumbs.db:encryptable",
    }
)
_DIRECTORIES = frozenset(
    {
        b"$recycle.bin",
        b".appledb",  # data bases of an AppleTalk server
        b".appledesktop",
        b".fseventsd",  # journal of macOS
        b".spotlight-v100",  # search index of macOS
        b".temporaryitems",
        b".trashes",
        b"__pycache__",  # of Python
        b"recycler",  # bin of Windows XP
        b"system volume information",  # restore points of Windows
    }
)
_SUFFIXES = (b".pyc", b".pyo")  # compiled by Python
_TRASH = re.compile(rb"\.trash-[0-9]+")  # of a volume, freedesktop.org trash specification; ~/.local is left alone
_APPLE_DOUBLE_MAXIMUM_BYTES = 4096  # macOS writes 4 KiB for Finder flags alone; longer ones hold a resource fork


def is_junk(name: bytes, is_directory: bool, size_bytes: int) -> bool:
    """Return whether a name stands for something the system makes again, or that was thrown away.

    Names are compared without regard to case, as these come from file systems that have none.
    """
    folded = name.lower()
    if is_directory:
        return folded in _DIRECTORIES or _TRASH.fullmatch(folded) is not None
    if folded in _FILES or folded.endswith(_SUFFIXES):
        return True
    return folded.startswith(b"._") and size_bytes <= _APPLE_DOUBLE_MAXIMUM_BYTES
