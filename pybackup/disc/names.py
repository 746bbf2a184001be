"""Names of volumes on discs, of images and of labels: valid on every medium, and no two the same."""

from __future__ import annotations

import hashlib
import os
import re

_NO_NAME = re.compile(r"[^A-Za-z0-9._+-]+")
_MOST_CHARACTERS = 48
# Of a hash of the name as it was given: enough to tell the names of a run apart, and those of all discs of a person.
_MARK_DIGITS = 6


def name_for_media(stem: bytes, tag: str = "") -> str:
    """Return a name, without a suffix, that every file system takes and every reader shows alike.

    It depends on the arguments only, so that a disc is the same whenever it is made. Where letters had to be replaced
    or cut off, a hash of the whole stem is added: stems that differ only in these still give different names.

    Parameters
    ----------
    stem
        The name as people gave it.
    tag
        The number of a volume, which is never cut off.
    """
    given = os.fsdecode(stem)
    behind = f"-{tag}" if tag else ""
    name = _NO_NAME.sub("_", given).strip("._").lstrip("-._")
    room = _MOST_CHARACTERS - len(behind)
    # A space is so common that it alone is no reason; see `DiscNames`.
    if name == given.replace(" ", "_") and len(name) <= room:
        return name + behind
    mark = f"-{hashlib.sha256(stem).hexdigest()[:_MARK_DIGITS]}"
    return (name[: room - len(mark)] or "volume") + mark + behind


class DiscNames:
    """The names given in one run: no two are the same, not even where case is ignored."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        """Return the name, or one like it if it is taken; what is returned is taken from now on."""
        free, number = name, 1
        while free.lower() in self._taken:
            number += 1
            free = f"{name}-{number}"
        self._taken.add(free.lower())
        return free
