"""Names of volumes on discs, images and labels: valid on every file system, and no two the same."""

from __future__ import annotations

import hashlib
import os
import re

from pybackup.model.volume import VolumeInfo

_NO_NAME = re.compile(r"[^A-Za-z0-9._+-]+")
_MOST_CHARACTERS = 48
# Hexadecimal digits taken of a hash of the original name: enough to tell the names of all discs of a person apart.
_MARK_DIGITS = 6


def name_for_media(stem: bytes, tag: str = "") -> str:
    """Return a name, without a suffix, that is valid on every file system and shown the same by every reader.

    It depends on the arguments only, so that a disc is the same whenever it is made. If characters had to be replaced
    or cut off, part of a hash of the whole stem is appended, so that different stems still give different names.

    Parameters
    ----------
    stem
        The original name.
    tag
        The number of a volume, which is appended and never cut off.
    """
    given = os.fsdecode(stem)
    behind = f"-{tag}" if tag else ""
    name = _NO_NAME.sub("_", given).strip("._").lstrip("-._")
    room = _MOST_CHARACTERS - len(behind)
    # Spaces are so common that replacing them alone adds no hash; `DiscNames` tells such names apart.
    if name == given.replace(" ", "_") and len(name) <= room:
        return name + behind
    mark = f"-{hashlib.sha256(stem).hexdigest()[:_MARK_DIGITS]}"
    return (name[: room - len(mark)] or "volume") + mark + behind


def name_of_volume(stem: bytes, info: VolumeInfo | None) -> str:
    """Return the name of a volume on media: of its set and number, or made of ``stem`` if it is of no set."""
    if info is None:
        return name_for_media(stem)
    return name_for_media(info.name.encode("utf-8", "surrogateescape"), info.tag)


class DiscNames:
    """The names given to files of one run: no two are the same, even where case is ignored."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        """Return the name, or else the first free one of ``name-2``, ``name-3``, ..., and remember it as taken."""
        free, number = name, 1
        while free.lower() in self._taken:
            number += 1
            free = f"{name}-{number}"
        self._taken.add(free.lower())
        return free
