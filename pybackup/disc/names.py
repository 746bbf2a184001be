"""Names of volumes on discs, and of what is made of them: such as every medium holds, and distinct ones."""

from __future__ import annotations

import hashlib
import os
import re

_NO_NAME = re.compile(r"[^A-Za-z0-9._+-]+")
_MOST_CHARACTERS = 48
# Of a hash of the name as it was given: enough to tell the names of a run apart, and those of all discs of a person.
_MARK_DIGITS = 6


def name_for_media(stem: bytes, tag: str = "") -> str:
    """Return a name, without a suffix, that every file system and every reader of it has alike.

    It depends on nothing but what is given, so that a disc is the same whenever it is made. Where it is not just that,
    a hash of that is in it: what is told apart by other letters, or far behind, is told apart by this.

    Parameters
    ----------
    stem
        The name as people gave it.
    tag
        The number of a volume: it is never cut.
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
    """The names that one run gives: no two are the same, not even on a file system that knows no capitals."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        """Return the name, or one like it that is not taken yet."""
        free, number = name, 1
        while free.lower() in self._taken:
            number += 1
            free = f"{name}-{number}"
        self._taken.add(free.lower())
        return free
