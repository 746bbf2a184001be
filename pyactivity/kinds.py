"""What a group is made of: kinds of file, by their suffix, and the file with the most bytes."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.errors import BadValue
from pyactivity.model import Files

_LONGEST = 8  # bytes; what is longer is no suffix but part of a name


@dataclass(frozen=True, slots=True)
class Kind:
    """A suffix in lower case, without its dot, empty for files that have none, and how many files have it."""

    suffix: str
    files: int


def kinds(files: Files, members: NDArray[np.intp]) -> tuple[Kind, ...]:
    """The kinds of the files at `members`, most frequent first, those equally frequent by name."""
    counts = Counter(suffix(files.name(index)) for index in members.tolist())
    return tuple(Kind(name, count) for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def largest(files: Files, members: NDArray[np.intp]) -> int:
    """The index of the file with the most bytes, of several the one latest in `members`. Raises BadValue for none."""
    if not len(members):
        raise BadValue("a group has at least one file")
    sizes_bytes = files.size_bytes[members]
    return int(members[len(members) - 1 - int(np.argmax(sizes_bytes[::-1]))])


def suffix(name: bytes) -> str:
    """The suffix of a name: short letters and digits behind the last dot, a letter among them; else nothing."""
    stem, dot, last = name.rpartition(b".")
    if not (dot and stem.strip(b".")) or len(last) > _LONGEST or not last.isalnum() or last.isdigit():
        return ""
    return last.lower().decode("ascii")
