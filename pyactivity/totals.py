"""Activity summed up a directory tree, as `du` sums sizes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyactivity.model import NO_PARENT, Files

# Those right below a DIR are shown. Further down a directory is with one in a hundred of all files or bytes, and one in
# ten of what lies in the one above; where many are alike and none has that, the largest few of them are.
_OF_ALL, _OF_ABOVE = 100, 10
_ALIKE = 10
SIZE, TIME, FILES = "size", "time", "files"
ORDERS = (SIZE, TIME, FILES)


@dataclass(frozen=True, slots=True)
class Branch:
    """A directory of the tree that is shown.

    path           any bytes
    depth          how many shown directories lie above it
    files, size_bytes  of what was asked for, in and below it
    newest_ns      the latest time among these
    hidden         how many directories right below it are too small to be shown
    bulk           all in it came in bulk, and what lies below is not shown for that
    """

    path: bytes
    depth: int
    files: int
    size_bytes: int
    newest_ns: int
    hidden: int
    bulk: bool = False


def sum_up(
    files: Files,
    members: NDArray[np.intp],
    *,
    by: str = "mtime",
    depth: int | None = None,
    bulk: NDArray[np.bool_] | None = None,
    order: str = SIZE,
) -> tuple[Branch, ...]:
    """The directories that carry the files at `members`, each before what lies below it, in one of ORDERS.

    Of directories with nothing but one directory in them only the last is shown.
    by     whose times, mtime or ctime
    depth  how many levels below the top; None for all
    order  SIZE or FILES for the largest first, TIME for the newest
    bulk   (n,) bool, which of all files came in bulk: a directory with nothing else is not unfolded; None unfolds all
    """
    by_hand = _holding(files, members if bulk is None else members[~bulk[members]])
    sums = Sums(files, members, files.times_ns(by), order)
    found: list[Branch] = []
    pending = [(directory, 0) for directory in reversed(sums.inner(NO_PARENT))]
    while pending:
        directory, level = pending.pop()
        below = sums.inner(directory)
        if directory not in sums.directly and len(below) == 1 and files.parents[directory] != NO_PARENT:
            pending.append((below[0], level))
            continue
        shown = [] if depth is not None and level >= depth else below
        if level:
            matter = [inner for inner in shown if sums.matters(inner, directory)]
            shown = matter or [inner for inner in shown if sums.carries(inner)][:_ALIKE]
        in_bulk = bool(level and shown) and directory not in by_hand
        shown = [] if in_bulk else shown
        found.append(sums.branch(directory, level, len(below) - len(shown), bulk=in_bulk))
        pending.extend((inner, level + 1) for inner in reversed(shown))
    return tuple(found)


def _holding(files: Files, members: NDArray[np.intp]) -> set[int]:
    """The directories in or below which any of the members lies."""
    found: set[int] = set()
    for directory in np.unique(files.directory[members]).tolist():
        while directory != NO_PARENT and directory not in found:
            found.add(directory)
            directory = int(files.parents[directory])
    return found


class Sums:
    """What each directory holds, in and below it; only those that hold anything.

    directly  of each that holds files itself: how many, their bytes, and the latest time, which is what `held` tells of
              all in and below a directory
    """

    def __init__(self, files: Files, members: NDArray[np.intp], times_ns: NDArray[np.int64], order: str = SIZE) -> None:
        self._paths = files.directories
        self._order = order
        own_bytes = files.bytes_once(members).tolist()
        # Python's integers: two sparse files of 8 EiB would overflow a sum in int64.
        self._files: dict[int, int] = {}
        self._bytes: dict[int, int] = {}
        self._newest_ns: dict[int, int] = {}
        self._below: dict[int, list[int]] = {}
        for directory, size_bytes, time_ns in zip(
            files.directory[members].tolist(),
            own_bytes,
            times_ns[members].tolist(),
            strict=True,
        ):
            self._add(directory, 1, size_bytes, time_ns)
        self.directly = {directory: self.held(directory) for directory in self._files}
        self._climb(files.parents.tolist())
        self._all = len(members), sum(own_bytes)

    def held(self, directory: int) -> tuple[int, int, int]:
        """Files, bytes and the latest time of what lies in and below a directory that holds anything."""
        return self._files[directory], self._bytes[directory], self._newest_ns[directory]

    def inner(self, directory: int) -> list[int]:
        """The directories right below one that hold anything, in order; the DIRs for NO_PARENT."""
        return sorted(self._below.get(directory, []), key=self._rank)

    def _rank(self, directory: int) -> tuple[int, int, int, bytes]:
        files, size_bytes, newest_ns = self.held(directory)
        first = {SIZE: size_bytes, TIME: newest_ns, FILES: files}[self._order]
        return -first, -size_bytes, -files, self._paths[directory]

    def matters(self, directory: int, above: int) -> bool:
        """Whether a directory is worth a line."""
        around = self._files[above], self._bytes[above]
        return self.carries(directory) and self._has_one_in(_OF_ABOVE, directory, around)

    def carries(self, directory: int) -> bool:
        """Whether a directory holds a part of everything that is worth a line."""
        return self._has_one_in(_OF_ALL, directory, self._all)

    def _has_one_in(self, parts: int, directory: int, whole: tuple[int, int]) -> bool:
        return self._files[directory] * parts >= whole[0] or self._bytes[directory] * parts >= whole[1] > 0

    def branch(self, directory: int, depth: int, hidden: int, *, bulk: bool) -> Branch:
        """The line of a directory."""
        return Branch(
            self._paths[directory],
            depth,
            self._files[directory],
            self._bytes[directory],
            self._newest_ns[directory],
            hidden,
            bulk,
        )

    def _add(self, directory: int, files: int, size_bytes: int, newest_ns: int) -> None:
        self._files[directory] = self._files.get(directory, 0) + files
        self._bytes[directory] = self._bytes.get(directory, 0) + size_bytes
        self._newest_ns[directory] = max(self._newest_ns.get(directory, newest_ns), newest_ns)

    def _climb(self, parents: list[int]) -> None:
        # A parent's index is less than its children's, so the greatest index first is leaves first.
        for directory in range(len(parents) - 1, -1, -1):
            parent = parents[directory]
            if directory not in self._files:
                continue
            self._below.setdefault(parent, []).append(directory)
            if parent != NO_PARENT:
                self._add(parent, self._files[directory], self._bytes[directory], self._newest_ns[directory])
