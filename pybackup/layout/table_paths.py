"""The paths of the entries of an index: each is its directory's and its name, put together when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pybackup.errors import Refused
from pybackup.model.entry import Kind


class TablePaths(Sequence[bytes]):
    """The paths of a table; those of directories alone are in memory.

    Parameters
    ----------
    kinds, names, ups
        Columns of the table.
    most_bytes
        How long they may be all together.

    Raises
    ------
    Refused
        They are longer.
    """

    def __init__(self, kinds: Sequence[int], names: Sequence[bytes], ups: Sequence[int], most_bytes: int) -> None:
        self._names = names
        self._ups = ups
        self._directories: dict[int, bytes] = {}
        left = most_bytes
        for row, (kind, name, up) in enumerate(zip(kinds, names, ups, strict=True)):
            above = self._directories[row - up] if up else b""
            left -= len(above) + len(name)
            if left < 0:
                raise Refused("an index whose paths would grow beyond measure")
            if kind == Kind.DIRECTORY:
                self._directories[row] = above + name + b"/"

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[bytes]:
        directories = self._directories
        for row, (name, up) in enumerate(zip(self._names, self._ups, strict=True)):
            yield directories[row - up] + name if up else name

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[at] for at in range(*row.indices(len(self)))]
        at = row if row >= 0 else row + len(self)
        if at < 0:
            raise IndexError("no such path")
        name, up = self._names[at], self._ups[at]
        return self._directories[at - up] + name if up else name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]
