"""Names of members, and how the name of a member follows from that of its entry.

| entry                      | member                                     |
| -------------------------- | ------------------------------------------ |
| file ``a``                 | ``a.7z``                                   |
| segment 1 of file ``a``    | ``a.part0001.7z``                          |
| sparse file ``a``          | ``a.sparse.7z``, ``a.sparse.part0001.7z``  |
| a delta for file ``a``     | ``a.delta.7z``, ``a.delta.part0001.7z``    |
| a segment of ``a``, which has a base | ``a.changed.part0001.7z``        |
| directory ``d``            | ``d/.xtar``, its container                 |
| a bundle of small files    | ``.xtar.files.0123abcd.00000001.7z``       |
| own index of a container   | ``.xtar.index``                            |
| the archive's own members  | ``.pybackup/...``                          |

Where a name is taken already, or longer than 255 bytes, or a file's own name ends as if it were a segment,
sparse or a part of what changed (``.part0001``, ``.sparse``, ``.delta``, ``.changed``), ``~1`` (``~2``, ...) is put
behind a stem of at most 200 bytes, and the true name stands in a pax ``comment`` record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count

CONTAINER = b".xtar"
OWN_INDEX = b".xtar.index"
BUNDLE = b".xtar.files.%s.%08d.7z"
PRIVATE = b".pybackup"
README = PRIVATE + b"/README.txt"
STRUCTURE = PRIVATE + b"/structure.tar"
LINKS = PRIVATE + b"/links.tar"
TREE_INDEX = PRIVATE + b"/index"
PARITY = PRIVATE + b"/parity"
SET_INDEX = PRIVATE + b"/set"
EARLIER = PRIVATE + b"/earlier"
RECOVERY = PRIVATE + b"/recovery"
SIGNATURE = PRIVATE + b"/signatures/%s.sig"
TRUE_NAME = b"PYBACKUP name="

_MAX_NAME = 255
_STEM = 200
_ENDS_LIKE_OURS = re.compile(rb"\.(?:sparse|delta|changed|part[0-9]{4,})\Z")
_SUFFIX = re.compile(rb"(?:\.part[0-9]{4,})?\.7z\Z")
_RESERVED = frozenset((CONTAINER, OWN_INDEX, PRIVATE))


def name_on_base(name: bytes, *, is_delta: bool) -> bytes:
    """Return what a member of a file with a base is called, by what it would be called without one.

    So nobody takes what is stored of the file for all of it.
    """
    match = _SUFFIX.search(name)
    assert match is not None
    return name[: match.start()] + (b".delta" if is_delta else b".changed") + match[0]


class Names:
    """The names taken in one container, so that nothing in it ever stands in another's way."""

    def __init__(self) -> None:
        self._taken: set[bytes] = set(_RESERVED)
        self._next: dict[bytes, int] = {}

    def claim_directory(self, name: bytes) -> bytes:
        """The name under which a directory's container is stored."""
        return self._claim(name, (b"",))

    def claim_file(
        self, name: bytes, *, segments: int, sparse: bool, present: Sequence[int] | None = None, has_base: bool = False
    ) -> list[bytes]:
        """The members' names of a file, one for each segment, or for those ``present`` only (numbers from 0).

        Those that they may have if the file `has_base` are claimed, too: see `name_on_base`.
        """
        kind = b".sparse" if sparse else b""
        if segments == 1:
            suffixes: tuple[bytes, ...] = (kind + b".7z",)
        else:
            suffixes = tuple(kind + b".part%04d.7z" % (number + 1) for number in present or range(segments))
        stem = self._claim(name, (*suffixes, *_all_on_base(suffixes)) if has_base else suffixes)
        return [stem + suffix for suffix in suffixes]

    def release(self, names: list[bytes]) -> None:
        """Give back what a file that starts anew had claimed."""
        self._taken.difference_update(names, _all_on_base(names))

    def _claim(self, name: bytes, suffixes: tuple[bytes, ...]) -> bytes:
        stem, start = name, name[:_STEM]
        for number in count(self._next.get(start, 1)):
            fits = len(stem) + len(suffixes[-1]) <= _MAX_NAME
            clear = not suffixes[0] or not _ENDS_LIKE_OURS.search(stem)
            if fits and clear and self._taken.isdisjoint(stem + end for end in suffixes):
                break
            # Numbers go on where the last name of that stem got its own, or many long names would take quadratic time.
            stem, self._next[start] = start + b"~%d" % number, number + 1
        self._taken.update(stem + end for end in suffixes)
        return stem


def _all_on_base(names: Sequence[bytes]) -> list[bytes]:
    return [name_on_base(name, is_delta=is_delta) for name in names for is_delta in (True, False)]
