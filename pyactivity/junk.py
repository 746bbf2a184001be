"""What systems and programs make again by themselves, and what was thrown away: left out of a scan unless kept.

`is_junk_file` and `is_made_again` are what pybackup's `--skip-junk` goes by; the caches are more, for a report drowns
in them.
"""

import re
from typing import BinaryIO

CACHE_TAG = b"CACHEDIR.TAG"
CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"  # https://bford.info/cachedir/

_JUNK_FILES = frozenset(
    {
        b".ds_store",  # view settings of the macOS Finder
        b"desktop.ini",  # view settings of the Windows Explorer
        b"ehthumbs.db",  # thumbnails of Windows
        b"ehthumbs_vista.db",
        b"thumbs.db",
        b"thumbs.db:encryptable",
    }
)
_JUNK_SUFFIXES = (b".pyc", b".pyo")  # compiled by Python
_APPLE_DOUBLE_MAXIMUM_BYTES = 4096  # macOS writes 4 KiB for Finder flags alone; longer ones hold a resource fork

_JUNK_DIRECTORIES = frozenset(
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
_TRASH = re.compile(rb"\.trash-[0-9]+")  # of a volume, freedesktop.org trash specification
_CACHE_DIRECTORIES = frozenset(
    {
        b".cache",  # XDG base directory specification
        b".hypothesis",
        b".mypy_cache",
        b".nox",
        b".pytest_cache",
        b".ruff_cache",
        b".thumbnails",
        b".tox",
        b"__pycache__",  # of Python
        b"cache2",  # of Firefox
        b"code cache",  # of Chromium, as the next two
        b"gpucache",
        b"shadercache",
    }
)


def junk_directory(path: bytes, name: bytes) -> str | None:
    """The reason to leave a directory of that path and last component out, None to keep it."""
    if name.lower() in _CACHE_DIRECTORIES:
        return "cache directory"
    return "junk" if is_made_again(name) or path.endswith(b"/.local/share/Trash") else None


def is_made_again(name: bytes) -> bool:
    """Whether a directory of that name is made again by the system, or holds what was thrown away."""
    folded = name.lower()
    return folded in _JUNK_DIRECTORIES or _TRASH.fullmatch(folded) is not None


def maybe_junk(names: bytes) -> bool:
    """Whether any of some names of files, one after the other, could be junk: quick, for most directories have none."""
    folded = names.lower()
    return (
        b".py" in folded or b"._" in folded or b".ds_store" in folded or b"desktop.ini" in folded or b"thumbs" in folded
    )


def is_junk_file(name: bytes, size_bytes: int) -> bool:
    """Whether a file of that name is made again by the system, without regard to case."""
    folded = name.lower()
    if folded in _JUNK_FILES or folded.endswith(_JUNK_SUFFIXES):
        return True
    return folded.startswith(b"._") and size_bytes <= _APPLE_DOUBLE_MAXIMUM_BYTES


def is_cache_tag(stream: BinaryIO) -> bool:
    """Whether a file called CACHEDIR.TAG is one."""
    return stream.read(len(CACHE_SIGNATURE)) == CACHE_SIGNATURE
